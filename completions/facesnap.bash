# bash completion for facesnap; load it with:  source <(facesnap completion bash)
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
