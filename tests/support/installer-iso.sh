#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes a CD that boots the Debian installer's kernel and initrd from the packages
# debian-installer-12-netboot-amd64 and -i386.
# usage: installer-iso.sh OUTPUT amd64|i386 text|gtk
set -euo pipefail

output=$(realpath -m "$1") arch=$2 frontend=$3
images=/usr/lib/debian-installer/images/12/$arch/$frontend/debian-installer/$arch
[ -r "$images/linux" ] || { echo "installer-iso: install debian-installer-12-netboot-$arch." >&2; exit 1; }
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

case $frontend in
  text) payload=text options="nomodeset fb=false" ;;
  gtk) payload=800x600x32 options="" ;;
esac
mkdir -p "$work/tree/boot/grub"
ln "$images"/{linux,initrd.gz} "$work/tree/boot/" 2>/dev/null || cp "$images"/{linux,initrd.gz} "$work/tree/boot/"
cat >"$work/tree/boot/grub/grub.cfg" <<END
set timeout=0
set gfxpayload=$payload
menuentry "Install" {
  linux /boot/linux $options mitigations=off
  initrd /boot/initrd.gz
}
END
"$(dirname "$0")/grub-iso.sh" "$output" "$work/tree" "INSTALLER"
