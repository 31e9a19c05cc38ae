#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs everything as an ordinary user, and uses it from there: the programs find each other, their
translations, schema, firmware and resources below the prefix, and never look into the source tree.

usage: installation-test.py SOURCE BUILD. It starts itself anew in a display and a session of its own, and
as nobody if it is root and others may read the tree.
"""

import os
import pwd
import re
import stat
import subprocess
import sys
import tempfile

INSTALLED = """
bin/guesthouse bin/guesthousectl bin/guesthouse-vm
share/applications/org.guesthouse.Guesthouse.desktop
share/icons/hicolor/scalable/apps/org.guesthouse.Guesthouse.svg
share/icons/hicolor/symbolic/apps/org.guesthouse.Guesthouse-symbolic.svg
share/metainfo/org.guesthouse.Guesthouse.metainfo.xml
share/glib-2.0/schemas/org.guesthouse.Guesthouse.gschema.xml
share/man/man1/guesthouse.1 share/man/man1/guesthousectl.1 share/man/man1/guesthouse-vm.1
share/man/man5/machine.conf.5
share/bash-completion/completions/guesthousectl
share/zsh/site-functions/_guesthousectl
share/fish/vendor_completions.d/guesthousectl.fish
""".split()


def others_may_read(path):
    while path != "/":
        if os.stat(path).st_mode & (stat.S_IROTH | stat.S_IXOTH) != stat.S_IROTH | stat.S_IXOTH:
            return False
        path = os.path.dirname(path)
    return True


def start_anew(source, build):
    if os.geteuid() == 0 and others_may_read(source) and others_may_read(build):
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    os.environ["HOME"] = "/nonexistent"
    os.environ.pop("LD_LIBRARY_PATH", None)  # Meson's, into the build tree
    os.execvp("xvfb-run", ["xvfb-run", "-a", "-n", "350", "-s", "-screen 0 1280x800x24 -noreset",
                           "dbus-run-session", "--", sys.executable, *sys.argv[:1], "inside", source, build])


def run(*words):
    """Gives what a program says. Through a file: who notes its files would hold a pipe open."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        done = subprocess.run(words, stdout=file, stderr=subprocess.STDOUT, check=False)
        file.seek(0)
        said = file.read()
    if done.returncode != 0:
        raise SystemExit(f"not ok: {words}: {said}")
    return said


def install(build, folder):
    """Gives the prefix. Meson keeps a log in the build folder, which need not be writable for us."""
    tree = os.path.join(folder, "build")
    for name in ("meson-logs", "meson-private"):
        os.makedirs(os.path.join(tree, name))
    for name in ["meson-private/install.dat"] + os.listdir(build):
        if not os.path.exists(os.path.join(tree, name)):
            os.symlink(os.path.join(build, name), os.path.join(tree, name))
    root = os.path.join(folder, "root")
    run("meson", "install", "-C", tree, "--no-rebuild", "--destdir", root)
    # Below DESTDIR this is left to the package manager.
    prefix, = (os.path.dirname(place) for place, folders, _ in os.walk(root) if os.path.basename(place) == "bin")
    moved = os.path.join(folder, "any prefix")
    os.rename(prefix, moved)
    run("glib-compile-schemas", "--strict", os.path.join(moved, "share/glib-2.0/schemas"))
    return moved


def check_files(check, prefix, source):
    with open(os.path.join(source, "po", "LINGUAS"), encoding="utf-8") as file:
        languages = [line.strip() for line in file if not line.startswith("#")]
    for name in INSTALLED + [f"share/locale/{language}/LC_MESSAGES/guesthouse.mo" for language in languages]:
        path = os.path.join(prefix, name)
        check(os.path.isfile(path), f"{name} is not installed")
        check(name.startswith("bin/") == os.access(path, os.X_OK), f"the mode of {name}")
    run("desktop-file-validate", os.path.join(prefix, INSTALLED[3]))
    metainfo = os.path.join(prefix, INSTALLED[6])
    run("appstreamcli", "validate", "--no-net", metainfo)
    with open(metainfo, encoding="utf-8") as file:
        pictures = re.findall(r"/screenshots/(.*?)</image>", file.read())
    check(pictures, "there are no pictures of the application")
    for name in pictures:
        check(os.path.isfile(os.path.join(source, "ui-resources", "screenshots", name)), f"there is no {name}")


def traced(folder, prefix, name):
    """A program of that name, which notes the files that it and its children look for; the one that notes
    stays behind (-D), for a machine outlives the command that starts it."""
    path, trace = (os.path.join(folder, f"{name}.{what}") for what in ("sh", "trace"))
    program = os.path.join(prefix, "bin", name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n"
                   f"exec strace -D -f -qq -s 4096 --seccomp-bpf -e trace=%file -A -o '{trace}' -- '{program}' \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def check_command_line(check, session, prefix):
    for name in ("guesthouse", "guesthousectl", "guesthouse-vm"):
        said = run(os.path.join(prefix, "bin", name), "--version")
        check("0.1" in said, f"{name} --version says {said}")
    check("不是命令" in subprocess.run([session.ctl, "xyzzy"], capture_output=True, text=True, check=False).stderr,
          "guesthousectl does not speak Chinese")
    run(session.ctl, "create", "Installed", "--memory", "16M", "--disk-size", "1G")
    run(session.ctl, "start", "Installed")
    check("Installed" in run(session.ctl, "list"), "guesthousectl does not list the machine")
    run(session.ctl, "quit", "Installed")


def check_traces(check, folder, prefix, source):
    for name in ("guesthouse", "guesthousectl"):
        with open(os.path.join(folder, name + ".trace"), encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
        check(any(prefix + "/share/locale" in line for line in lines), f"the trace of {name} shows nothing")
        for line in lines:
            check(source + "/" not in line, f"{name} looks into the source tree: {line}")
    check(any(prefix + "/share/glib-2.0/schemas" in line for line in
              open(os.path.join(folder, "guesthouse.trace"), encoding="utf-8", errors="replace")),
          "guesthouse has its schema from elsewhere")


def use(source, build):
    from gui_driver import check, find_button, main, wait  # pylint: disable=import-outside-toplevel

    with tempfile.TemporaryDirectory(prefix="guesthouse installed ") as folder:
        os.chdir(folder)
        prefix = install(build, folder)
        check_files(check, prefix, source)
        os.environ["LANGUAGE"] = "zh_CN"

        def in_session(session):
            check_command_line(check, session, prefix)
            session.start()
            wait("the application in Chinese", lambda: find_button("新建虚拟机"))
            session.close()
            wait("the traces to be written", lambda: subprocess.run(
                ["pgrep", "-f", "^strace.*" + folder], stdout=subprocess.DEVNULL, check=False).returncode == 1)
            check_traces(check, folder, prefix, source)
        return main([traced(folder, prefix, "guesthouse"), traced(folder, prefix, "guesthousectl"), "pictures"],
                    in_session)


if sys.argv[1] == "inside":
    sys.exit(use(*sys.argv[2:4]))
start_anew(*sys.argv[1:3])
