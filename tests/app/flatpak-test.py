#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Flatpak manifest can be read, pins everything that it downloads, and asks for no more than a window,
sound and KVM: files of the user come through portals.

usage: flatpak-test.py FLATPAK-BUILDER MANIFEST
"""

import json
import re
import subprocess
import sys

ALLOWED = {"--device=kvm", "--socket=wayland", "--socket=fallback-x11", "--share=ipc", "--socket=pulseaudio"}

text = subprocess.run([sys.argv[1], "--show-manifest", sys.argv[2]], capture_output=True, text=True, check=True)
manifest = json.loads(text.stdout)
assert set(manifest["finish-args"]) == ALLOWED, manifest["finish-args"]
assert manifest["id"] == "org.guesthouse.Guesthouse" and manifest["command"] == "guesthouse"
downloads = [source for module in manifest["modules"] for source in module["sources"] if "url" in source]
assert len(downloads) >= 5, downloads
for source in downloads:
    assert source["url"].startswith("https://"), source
    pin = source.get("commit") if source["type"] == "git" else source.get("sha256")
    assert re.fullmatch("[0-9a-f]{40}" if source["type"] == "git" else "[0-9a-f]{64}", pin or ""), source
print("ok")
