# bash completion for facesnap; load it with:  source <(facesnap completion bash)
_facesnap() {
    local IFS=$'\n' reply prefix=''
    reply=($("$1" __complete --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)) || return
    case ${reply[0]} in
        files) compopt -o default 2>/dev/null ;;
        folders) compopt -o dirnames -o nospace 2>/dev/null ;;
        words)
            # bash starts a new word at = and at :, and wants only what follows
            local typed=${COMP_LINE:0:COMP_POINT}
            typed=${typed##*[[:space:]]}
            [[ $COMP_WORDBREAKS == *=* && $typed == *=* ]] && prefix=${typed%"${typed##*=}"}
            [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]] && prefix=${typed%"${typed##*:}"}
            COMPREPLY=("${reply[@]:1}")
            COMPREPLY=("${COMPREPLY[@]%%$'\t'*}")
            COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
            ;;
    esac
}
complete -F _facesnap facesnap
