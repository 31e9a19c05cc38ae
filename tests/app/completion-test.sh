#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bash completes as a person expects; the other shells can read their files.
# usage: completion-test.sh GUESTHOUSECTL FOLDER
set -euo pipefail
ctl=$(realpath "$1") folder=$2
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export XDG_DATA_HOME=$home XDG_RUNTIME_DIR=$home LC_ALL=C.UTF-8
"$ctl" create "Two words" --memory 16M --disk-size 1G >/dev/null
touch "$home/a disc.iso"
cd "$home"

expect() { # completions, words …
  local wanted=$1; shift
  COMP_WORDS=("$ctl" "$@") COMP_CWORD=$#
  _guesthousectl
  [ "${COMPREPLY[*]-}" = "$wanted" ] || { echo "“$*”: “${COMPREPLY[*]-}”, not “$wanted”" >&2; exit 1; }
}

. "$folder/guesthousectl.bash"
complete -p guesthousectl >/dev/null
expect "screenshot screen-text" scr
expect "Two\\ words" start T
expect "disk0 cd0" eject "Two\\ words" ""
expect "--memory=" create --mem
expect "a disc.iso" add-cd "Two\\ words" a
expect "a disc.iso" create --cdrom = a
expect "cpus" set "Two\\ words" machine cp
! command -v zsh >/dev/null || zsh -n "$folder/_guesthousectl"
if command -v fish >/dev/null; then
  found=$(PATH=$(dirname "$ctl"):$PATH fish --no-config -c "source '$folder/guesthousectl.fish'
    complete -C 'guesthousectl scr'; complete -C 'guesthousectl eject \"Two words\" c'" | cut -f 1 | sort | xargs)
  [ "$found" = "cd0 screen-text screenshot" ] || { echo "fish finds “$found”." >&2; exit 1; }
fi
