#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Puts the stock Debian kernel into a folder: vmlinuz and lib/modules/VERSION. The installed kernel is
# taken where there is one, else the package is fetched and unpacked (not installed).
# usage: debian-kernel.sh FOLDER
set -euo pipefail
here=$(dirname "$0")
PATH=$PATH:/usr/sbin:/sbin # depmod

folder=$1
[ -s "$folder/vmlinuz" ] && exit 0
mkdir -p "$folder"
work=$(mktemp -d "$folder/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch() {
  local package
  package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: *\(linux-image-[^ ]*\)$/\1/p' | head -n 1)
  [ -n "$package" ] && (cd "$work" && apt-get download -qq "$package" 2>/dev/null)
}

from=
for kernel in $(ls -r /boot/vmlinuz-*-amd64 2>/dev/null); do
  version=${kernel#/boot/vmlinuz-}
  if [ -r "$kernel" ] && [ -d "/lib/modules/$version/kernel" ]; then
    from=/
    break
  fi
done
if [ -z "$from" ]; then
  if ! fetch; then
    "$here/apt-get-in-turn" update 2>/dev/null || sudo -n "$here/apt-get-in-turn" update || true
    fetch || { echo "debian-kernel: the package linux-image-amd64 cannot be fetched: check the network and apt's sources, or install it." >&2; exit 1; }
  fi
  from=$work/root
  dpkg-deb -x "$work"/linux-image-*.deb "$from"
  kernel=$(echo "$from"/boot/vmlinuz-*)
  version=${kernel##*/vmlinuz-}
fi
rm -rf "$folder/lib"
mkdir -p "$folder/lib/modules"
cp -r "${from%/}/lib/modules/$version" "$folder/lib/modules/"
depmod -b "$folder" "$version"
# Last, so that an interrupted run is begun again.
cp "$kernel" "$folder/vmlinuz.new"
mv "$folder/vmlinuz.new" "$folder/vmlinuz"
