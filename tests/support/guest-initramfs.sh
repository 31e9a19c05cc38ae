#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes an initramfs of busybox, a tree of files and kernel modules. /etc/modules lists the modules in
# the order in which insmod takes them. It is not compressed: a software CPU reads faster than it unpacks.
# usage: guest-initramfs.sh OUTPUT KERNEL-FOLDER TREE MODULE …
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # modprobe

output=$1 kernel=$2 tree=$3
shift 3
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir -p "$work"/{bin,dev,etc,proc,sys,tmp,root,mnt,cdrom,lib/modules,var/log,var/run}
cp /bin/busybox "$work/bin/busybox"
"$work/bin/busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$work/bin/$applet"
done
ln -s bin "$work/sbin"
mkdir "$work/usr"
ln -s ../bin "$work/usr/bin"
ln -s ../bin "$work/usr/sbin"
ln -s bin/busybox "$work/init"
cp -r "$tree/." "$work/"

version=$(basename "$kernel"/lib/modules/*)
for module in "$@"; do
  modprobe -d "$kernel" -S "$version" --show-depends "$module"
done | sed -n 's/^insmod \(.*[^ ]\) *$/\1/p' | awk '!seen[$0]++' | while read -r file; do
  cp "$file" "$work/lib/modules/"
  echo "${file##*/}"
done >"$work/etc/modules"

(cd "$work" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$output.new"
mv "$output.new" "$output"
