# SPDX-License-Identifier: GPL-3.0-or-later
# What can follow is known to guesthousectl itself: “guesthousectl complete WORD…” prints it.
function __guesthousectl_complete
    set -l words (commandline -opc)
    $words[1] complete $words[2..] (commandline -ct) 2>/dev/null
end
function __guesthousectl_takes_files
    __guesthousectl_complete | string match -q ':files'
end
complete -c guesthousectl -f -a '(__guesthousectl_complete | string match -v ":files")'
complete -c guesthousectl -n __guesthousectl_takes_files -F
