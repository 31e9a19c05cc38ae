#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes a bootable CD (El Torito, no emulation, GRUB for PC BIOS) of a tree with boot/grub/grub.cfg.
# usage: grub-iso.sh OUTPUT TREE VOLUME-NAME
set -euo pipefail

output=$1 tree=$2 volume=$3
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

grub-mkimage -O i386-pc-eltorito -p /boot/grub -o "$work/eltorito.img" \
  biosdisk iso9660 normal configfile linux echo test vbe minicmd
# A copy: xorriso writes the boot information table into the boot image it stores.
log=$(xorriso -as mkisofs -quiet -R -J -V "$volume" -o "$output.new" \
  -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table \
  -graft-points "$tree" "boot/grub/eltorito.img=$work/eltorito.img" 2>&1) || { echo "$log" >&2; exit 1; }
mv "$output.new" "$output"
