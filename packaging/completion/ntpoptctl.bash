# bash completion of ntpoptctl(1); names of servers come from the daemon, where it runs. The shell would expand them, so
# nothing passes that could be more than a name.
_ntpoptctl_servers() {
    ntpoptctl --json --timeout 2s "$@" 2>/dev/null | grep -oE '"(name|server)": ?"[[A-Za-z0-9][][A-Za-z0-9.:_-]*"' |
        sed 's/.*"\([^"]*\)"$/\1/' | sort -u
}

_ntpoptctl() {
    local verbs='status reoptimize servers explain history blacklist interval rollback monitor config report metrics notify'
    local common='--json --no-color --no-pager --no-ask-password --host --timeout --help'
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' act='' words='' i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            -H | --host | --timeout | --textfile | --since | --limit | --for | --from | --to) i=$((i + 1)) ;;
            -*) ;;
            *) if [ -z "$verb" ]; then verb=${COMP_WORDS[i]}; elif [ -z "$act" ]; then act=${COMP_WORDS[i]}; fi ;;
        esac
    done
    case $prev in
        -H | --host)
            # Names that ssh knows, where bash-completion is loaded.
            if declare -F _known_hosts_real >/dev/null; then _known_hosts_real -a -- "$cur"; fi
            return
            ;;
        --timeout) words='5s 30s 2min' ;;
        --since | --for) words='1h 1d 7d 30d 90d' ;;
        --limit) words='10 100 1000' ;;
        --from | --to) words='1d 7d 30d 365d' ;;
        --textfile)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
            ;;
        *)
            case $verb in
                '') words="$verbs $common --version" ;;
                reoptimize) words="--dry-run --no-wait $common" ;;
                metrics) words="--textfile --http $common" ;;
                servers) words="--all $common" ;;
                history) words="--since --limit --csv --trace $common" ;;
                rollback) words="--original --list $common" ;;
                report) words="--from --to --verify --journal $common" ;;
                interval) words="1h 3h 6h 12h 1d default $common" ;;
                blacklist)
                    case $act in
                        '') words="list add remove $common" ;;
                        add) words="--for $common" ;;
                        *) words=$common ;;
                    esac
                    ;;
                notify) [ -z "$act" ] && words="test $common" || words="email slack discord webhook command $common" ;;
                *) words=$common ;;
            esac
            if [[ $cur != -* ]]; then
                case $verb:$act in
                    explain: | history: | blacklist:add) words+=" $(_ntpoptctl_servers servers --all)" ;;
                    blacklist:remove) words+=" $(_ntpoptctl_servers blacklist list)" ;;
                esac
            fi
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _ntpoptctl ntpoptctl
