# SPDX-License-Identifier: GPL-3.0-or-later
# What can follow is known to guesthousectl itself: “guesthousectl complete WORD…” prints it.
_guesthousectl ()
{
  local current=${COMP_WORDS[COMP_CWORD]} word words
  words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  words=("${words[@]//\\/}")
  COMPREPLY=()
  # “--cdrom=FILE” are three words here.
  if [[ $current = "=" || ${COMP_WORDS[COMP_CWORD - 1]} = "=" ]]; then
    compopt -o filenames 2>/dev/null || :
    mapfile -t COMPREPLY < <(compgen -f -- "${current#=}")
    return
  fi
  while IFS=$'\t' read -r word _; do
    if [[ $word = ":files" ]]; then
      compopt -o filenames 2>/dev/null || :
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
    else
      [[ $word != *= ]] || compopt -o nospace 2>/dev/null || :
      COMPREPLY+=("$(printf '%q' "$word")")
    fi
  done < <("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null)
}
complete -F _guesthousectl guesthousectl
