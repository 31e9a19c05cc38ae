#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual pages are pages without faults, which say what they are about and leave nothing out.
# usage: manual-test.sh GUESTHOUSECTL GUESTHOUSE-VM PAGE…
set -euo pipefail
export LC_ALL=C.UTF-8 MANWIDTH=100 MANROFFOPT=
ctl=$1 vm=$2; shift 2
fail() { echo "$*" >&2; exit 1; }

for page in "$@"; do
  text=$(man --warnings -l "$page" 2>"${TMPDIR:-/tmp}/manual-$$") || fail "$page is no manual page."
  [ ! -s "${TMPDIR:-/tmp}/manual-$$" ] || fail "$page: $(cat "${TMPDIR:-/tmp}/manual-$$")"
  rm -f "${TMPDIR:-/tmp}/manual-$$"
  lexgrog "$page" >/dev/null || fail "$page has no NAME that apropos finds."
  case $page in
    *guesthousectl.1) for word in $("$ctl" complete "" | cut -f 1); do
      grep -Eq "^ +$word( |$)" <<<"$text" || fail "$page does not explain “$word”."
    done ;;
    *guesthouse-vm.1) for word in $("$vm" --help | grep -o -- '--[a-z-]*' | sort -u); do
      grep -q -- "$word" <<<"$text" || fail "$page does not explain “$word”."
    done ;;
    *machine.conf.5) for word in memory position output append asset-tag; do
      grep -q -- "$word" <<<"$text" || fail "$page does not explain “$word”."
    done ;;
  esac
done
