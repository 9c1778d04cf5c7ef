"""The shells' side of completion. Each asks the program and hands on what it says; none knows a command."""

from __future__ import annotations

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless, nearest

_BASH = r"""# bash completion for facesnap; load it with:  source <(facesnap completion bash)
_facesnap() {
    local line prefix='' typed=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} reply=() kind=()
    # read, and not a list of words: bash would look for files that match them
    while IFS= read -r line; do reply+=("$line"); done \
        < <("$1" __complete --line "$typed" 2>/dev/null)
    read -ra kind <<< "${reply[0]}"
    reply=("${reply[@]:1}")
    # bash starts a new word at = and at :, and wants only what follows
    typed=${typed##*[[:space:]]}
    [[ $COMP_WORDBREAKS == *=* && $typed == *=* ]] && prefix=${typed%"${typed##*=}"}
    [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]] && prefix=${typed%"${typed##*:}"}
    case ${kind[0]} in
        files)
            compopt -o default 2>/dev/null  # all files, if nothing else is found
            # a file has the beginning that the word has: what has to be expanded first is left to bash
            [[ $current == [=:] ]] && current=''
            [[ ${#kind[@]} -eq 1 || $current == *[\\\'\"~\$]* ]] || _facesnap_files "${kind[@]:1}"
            ;;
        folders) compopt -o dirnames -o nospace 2>/dev/null ;;
    esac
    COMPREPLY=()
    local word
    for line in "${reply[@]}"; do
        printf -v word %q "${line%%$'\t'*}"
        word=${word#"$prefix"}
        # The meaning is for the lists alone that bash shows: it would be inserted, too.
        if [[ $line == *$'\t'* && ${#reply[@]} -gt 1 && ${COMP_TYPE:-9} =~ ^(33|63|64)$ ]]; then
            word="$word  (${line#*$'\t'})"
            (( ${#word} < ${COLUMNS:-80} )) || word="${word:0:${COLUMNS:-80} - 4}..."
        fi
        COMPREPLY+=("$word")
    done
}
# Adds the files with one of these suffixes, and the folders, to what is offered.
_facesnap_files() {
    local suffix found=() folders=()
    for suffix; do
        while IFS= read -r line; do found+=("$prefix$line"); done < <(compgen -f -X "!*$suffix" -- "$current")
    done
    while IFS= read -r line; do folders+=("$prefix$line/"); done < <(compgen -d -- "$current")
    reply+=("${found[@]}" "${folders[@]}")
    [[ ${#reply[@]} -eq 1 && ${#folders[@]} -eq 1 ]] && compopt -o nospace 2>/dev/null
}
complete -F _facesnap facesnap
"""

_ZSH = r"""#compdef facesnap
# zsh completion for facesnap; load it with:  source <(facesnap completion zsh)
_facesnap() {
    local -a reply kind texts shown
    local line
    reply=("${(@f)$("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    kind=(${=reply[1]})
    for line in "${(@)reply[2,-1]}"; do
        texts+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done
    (( $#texts )) && compadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -l -d shown -a texts
    case $kind[1] in
        files)
            compset -P '-*='
            if (( $#kind > 1 )); then
                _files -g "*(${(j:|:)kind[2,-1]})(-.)"
            else
                _files
            fi
            ;;
        folders) compset -P '-*='; _files -/ ;;
    esac
}
if [[ $funcstack[1] == _facesnap ]]; then
    _facesnap "$@"
else
    compdef _facesnap facesnap
fi
"""

_FISH = r"""# fish completion for facesnap; load it with:  facesnap completion fish | source
function __facesnap_complete
    set -l before (commandline -opc)
    set -l typed (commandline -ct)
    set -l reply ($before[1] __complete -- $before[2..] $typed 2>/dev/null)
    set -l kind (string split ' ' -- $reply[1])
    set -q reply[2] && printf '%s\n' $reply[2..]
    switch "$kind[1]"
        case files
            set -l paths (__fish_complete_path $typed)
            set -l suffixes (string join '|' -- (string escape --style=regex -- $kind[2..]))
            set -l fitting (string match -r "^[^\t]*(?:/|$suffixes)(?:\t.*)?\$" -- $paths)
            test -n "$fitting" && set paths $fitting
            printf '%s\n' $paths
        case folders
            __fish_complete_directories $typed
    end
end
complete -c facesnap -f -a '(__facesnap_complete)'
"""

_POWERSHELL = r"""# PowerShell completion for facesnap; load it with:
#   facesnap completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName facesnap -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    $line = $commandAst.ToString().PadRight($length).Substring(0, $length)
    $kind, $words = & $commandAst.CommandElements[0].Value __complete --line $line 2>$null
    if ($kind -ne 'words') { return }  # nothing from here: PowerShell offers files by itself
    foreach ($word in $words) {
        $text, $help = $word -split "`t", 2
        if (-not $help) { $help = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
}
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}


def script_for(shell: str) -> str:
    """Return a shell's script. Raises UsageError where there is none."""
    name = {"pwsh": "powershell"}.get(shell.lower(), shell.lower())
    if name not in SCRIPTS:
        raise UsageError(f"{harmless(shell)[:40]!r} is not one of {', '.join(SCRIPTS)}{nearest(name, SCRIPTS)}")
    return SCRIPTS[name]
