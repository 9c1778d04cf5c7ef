"""The shells' side of completion. Each asks the program and hands on what it says; none knows a command."""

from __future__ import annotations

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless, nearest

_BASH = r"""# bash completion for facesnap; load it with:  source <(facesnap completion bash)
_facesnap() {
    local line reply=() prefix=''
    # read, and not a list of words: bash would look for files that match them
    while IFS= read -r line; do reply+=("$line"); done \
        < <("$1" __complete --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
    case ${reply[0]} in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames -o nospace 2>/dev/null ;;
        words)
            # bash starts a new word at = and at :, and wants only what follows
            local typed=${COMP_LINE:0:COMP_POINT}
            typed=${typed##*[[:space:]]}
            [[ $COMP_WORDBREAKS == *=* && $typed == *=* ]] && prefix=${typed%"${typed##*=}"}
            [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]] && prefix=${typed%"${typed##*:}"}
            COMPREPLY=()
            for line in "${reply[@]:1}"; do
                line=${line%%$'\t'*}
                printf -v line %q "${line#"$prefix"}"
                COMPREPLY+=("$line")
            done
            ;;
    esac
}
complete -F _facesnap facesnap
"""

_ZSH = r"""#compdef facesnap
# zsh completion for facesnap; load it with:  source <(facesnap completion zsh)
_facesnap() {
    local -a reply texts shown
    local line
    reply=("${(@f)$("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
    case ${reply[1]} in
        files) compset -P '-*='; _files ;;
        folders) compset -P '-*='; _files -/ ;;
        words)
            for line in "${(@)reply[2,-1]}"; do
                texts+=("${line%%$'\t'*}")
                shown+=("${line/$'\t'/  -- }")
            done
            compadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -l -d shown -a texts
            ;;
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
    switch "$reply[1]"
        case files
            __fish_complete_path $typed
        case folders
            __fish_complete_directories $typed
        case words
            printf '%s\n' $reply[2..]
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
FILE_NAMES = {"bash": "facesnap.bash", "zsh": "_facesnap", "fish": "facesnap.fish", "powershell": "facesnap.ps1"}


def script_for(shell: str) -> str:
    """Return a shell's script. Raises UsageError where there is none."""
    name = {"pwsh": "powershell"}.get(shell.lower(), shell.lower())
    if name not in SCRIPTS:
        raise UsageError(f"{harmless(shell)[:40]!r} is not one of {', '.join(SCRIPTS)}{nearest(name, SCRIPTS)}")
    return SCRIPTS[name]
