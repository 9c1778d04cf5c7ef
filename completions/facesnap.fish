# fish completion for facesnap; load it with:  facesnap completion fish | source
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
