#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The application's shape: one file makes every question, so that Escape is Cancel in all of them; one
# makes every file chooser; and who opens a window is not known to what is opened.
# usage: check-structure.sh SOURCE-ROOT
set -euo pipefail
cd "$1"
status=0

# what, pattern, the files that may have it …
only_in() {
  local what=$1 pattern=$2 file; shift 2
  for file in "$@"; do
    grep -qE "$pattern" "$file" || { echo "$file has no $what any more: mend this test" >&2; status=1; }
  done
  while read -r file; do
    case " $* " in
      *" $file "*) ;;
      *) echo "$file: $what belongs into $*" >&2; status=1 ;;
    esac
  done < <(grep -rlE "$pattern" app display ui-resources)
}

only_in "a question" 'adw_message_dialog_|AdwMessageDialog|gtk_message_dialog_|GtkMessageDialog' app/question.c
only_in "a file chooser" 'gtk_file_chooser_(native|dialog)_new|GtkFileChooser(Native|Dialog)"' app/file-chooser.c
only_in "the application" '#include "application.h"' app/application.c app/main.c
only_in "the window" '#include "window.h"' app/application.c app/window.c
exit $status
