# bash completion for facesnap; load it with:  source <(facesnap completion bash)
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
