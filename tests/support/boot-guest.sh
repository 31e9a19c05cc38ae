#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes what a boot test starts, once, in a folder that all tests share.
# usage: boot-guest.sh FOLDER demo-livecd|disk-test|installer-ARCH-FRONTEND …
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
exec 9>"$folder/lock"
flock 9 # several tests may want the same guest, and the same kernel

# Whether a guest is there and nothing that it is made of is newer.
is_fresh() {
  [ -s "$1" ] && [ -z "$(find "$here"/*.sh "$here/../guests" -path "$here/../guests/bare" -prune -o -newer "$1" -type f -print -quit)" ]
}

for guest in "$@"; do
  case $guest in
    demo-livecd)
      is_fresh "$folder/$guest.iso" || "$here/demo-livecd.sh" "$folder/$guest.iso" ;;
    disk-test)
      "$here/debian-kernel.sh" "$folder/debian-kernel"
      is_fresh "$folder/$guest.initrd" || "$here/guest-initramfs.sh" "$folder/$guest.initrd" "$folder/debian-kernel" \
        "$here/../guests/disk-test/root" ata_piix sd_mod ext4 evdev button virtio_pci virtio_blk virtio_rng ;;
    installer-*)
      IFS=- read -r _ arch frontend <<<"$guest"
      is_fresh "$folder/$guest.iso" || "$here/installer-iso.sh" "$folder/$guest.iso" "$arch" "$frontend" ;;
    *)
      echo "boot-guest: there is no guest “$guest”." >&2
      exit 1 ;;
  esac
done
