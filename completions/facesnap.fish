# fish completion for facesnap; load it with:  facesnap completion fish | source
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
