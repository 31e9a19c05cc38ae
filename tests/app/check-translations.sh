#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every string of the application is translated into every language of po/LINGUAS.
# usage: check-translations.sh SOURCE-ROOT
set -euo pipefail
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find app ui-resources display vmm-core devices -name '*.c' -o -name '*.ui' -o -name '*.desktop.in' | sort >"$work/files"
xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=C_:1c,2 --keyword=ngettext:1,2 \
  --files-from="$work/files" --output="$work/guesthouse.pot"

for language in $(grep -v '^#' po/LINGUAS); do
  msgfmt --check --output-file=/dev/null "po/$language.po"
  msgmerge --quiet --no-fuzzy-matching --output-file="$work/$language.po" "po/$language.po" "$work/guesthouse.pot"
  # The header is a message, too: what is left over is missing.
  msgattrib --untranslated --no-obsolete "$work/$language.po" >"$work/missing"
  msgattrib --only-fuzzy --no-obsolete "$work/$language.po" >>"$work/missing"
  if grep -q '^msgid' "$work/missing"; then
    echo "po/$language.po lacks translations:" >&2
    cat "$work/missing" >&2
    exit 1
  fi
done
