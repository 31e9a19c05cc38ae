#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the demonstration LiveCD from Debian packages: the stock kernel, busybox, GRUB, xorriso.
# usage: demo-livecd.sh OUTPUT.iso
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
guest=$here/../guests/demo-livecd
output=$(realpath -m "$1")
mkdir -p "$(dirname "$output")"
kernel=$(dirname "$output")/debian-kernel
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$here/debian-kernel.sh" "$kernel"
cp -r "$guest/cd" "$work/tree"
cp "$kernel/vmlinuz" "$work/tree/boot/vmlinuz"
"$here/guest-initramfs.sh" "$work/tree/boot/initrd" "$kernel" "$guest/root" \
  ata_piix sr_mod sd_mod isofs ext4 vfat nls_cp437 nls_ascii psmouse evdev button
"$here/grub-iso.sh" "$output" "$work/tree" DEMO_LIVECD
[ "$(stat -c %s "$output")" -lt $((40 << 20)) ] || { echo "demo-livecd: the CD is larger than 40 MB." >&2; exit 1; }
