# fish completion of ntpoptctl(1); names of servers come from the daemon, where it runs.
function __ntpoptctl_servers
    ntpoptctl --json --timeout 2s servers --all 2>/dev/null | string match -rag '"name": ?"([[A-Za-z0-9][][A-Za-z0-9.:_-]*)"'
end
function __ntpoptctl_blacklisted
    ntpoptctl --json --timeout 2s blacklist list 2>/dev/null | string match -rag '"server": ?"([[A-Za-z0-9][][A-Za-z0-9.:_-]*)"'
end
set -l verbs status reoptimize servers explain history blacklist interval rollback monitor config report metrics notify
complete -c ntpoptctl -f
complete -c ntpoptctl -l json -d 'print one JSON document'
complete -c ntpoptctl -l no-color -d 'without colours'
complete -c ntpoptctl -l no-pager -d 'no pager for long output'
complete -c ntpoptctl -l no-ask-password -d 'do not let polkit ask for a password'
complete -c ntpoptctl -s H -l host -x -a '(__fish_print_hostnames)' -d 'ask another machine, over ssh'
complete -c ntpoptctl -l timeout -x -a '5s 30s 2min' -d 'how long to wait for an answer'
complete -c ntpoptctl -s h -l help -d 'show the options'
complete -c ntpoptctl -l version -d 'show the version'
for line in 'status how the clock is kept' 'reoptimize run a round now and follow it' 'servers the servers of the last round' \
        'explain why it was decided as it was' 'history rounds of the past' 'blacklist servers to leave out' \
        'interval show or set the time between rounds' 'rollback go back to earlier servers' 'monitor show what the daemon does' \
        'config the configuration in force' 'report which servers, how far off, who changed what' \
        'metrics what was counted, for Prometheus' \
        'notify try notices by mail, chat, webhook or command'
    set -l words (string split -m 1 ' ' $line)
    complete -c ntpoptctl -n "not __fish_seen_subcommand_from $verbs" -a $words[1] -d $words[2]
end
complete -c ntpoptctl -n '__fish_seen_subcommand_from reoptimize' -l dry-run -d 'everything but the change'
complete -c ntpoptctl -n '__fish_seen_subcommand_from reoptimize' -l no-wait -d 'only begin it'
complete -c ntpoptctl -n '__fish_seen_subcommand_from servers' -l all -d 'also those that were not asked'
complete -c ntpoptctl -n '__fish_seen_subcommand_from explain history' -a '(__ntpoptctl_servers)'
complete -c ntpoptctl -n '__fish_seen_subcommand_from history' -l since -x -a '1h 1d 7d 30d' -d 'how far back'
complete -c ntpoptctl -n '__fish_seen_subcommand_from history' -l limit -x -a '10 100 1000' -d 'at most so many rounds'
complete -c ntpoptctl -n '__fish_seen_subcommand_from history' -l csv -d 'comma-separated values'
complete -c ntpoptctl -n '__fish_seen_subcommand_from history' -l trace -d 'what ntpoptd --replay reads'
complete -c ntpoptctl -n '__fish_seen_subcommand_from report' -l from -x -a '1d 7d 30d 365d' -d 'a time, a day, or how long ago'
complete -c ntpoptctl -n '__fish_seen_subcommand_from report' -l to -x -a '1d 7d 30d 365d' -d 'the same'
complete -c ntpoptctl -n '__fish_seen_subcommand_from report' -l verify -d 'is the evidence as it was written'
complete -c ntpoptctl -n '__fish_seen_subcommand_from report' -l journal -d 'compare it with the journal, too'
complete -c ntpoptctl -n '__fish_seen_subcommand_from blacklist; and not __fish_seen_subcommand_from list add remove' -a 'list add remove'
complete -c ntpoptctl -n '__fish_seen_subcommand_from blacklist; and __fish_seen_subcommand_from add' -a '(__ntpoptctl_servers)'
complete -c ntpoptctl -n '__fish_seen_subcommand_from blacklist; and __fish_seen_subcommand_from add' -l for -x -a '1h 1d 7d 30d' -d 'how long'
complete -c ntpoptctl -n '__fish_seen_subcommand_from blacklist; and __fish_seen_subcommand_from remove' -a '(__ntpoptctl_blacklisted)'
complete -c ntpoptctl -n '__fish_seen_subcommand_from interval' -a '1h 3h 6h 12h 1d default'
complete -c ntpoptctl -n '__fish_seen_subcommand_from rollback' -l original -d "to the NTP service's own servers"
complete -c ntpoptctl -n '__fish_seen_subcommand_from rollback' -l list -d 'only show'
complete -c ntpoptctl -n '__fish_seen_subcommand_from metrics' -l textfile -r -F -d 'replace this file'
complete -c ntpoptctl -n '__fish_seen_subcommand_from metrics' -l http -d 'answer one HTTP request on standard input'
complete -c ntpoptctl -n '__fish_seen_subcommand_from notify; and not __fish_seen_subcommand_from test' -a test -d 'deliver a test'
complete -c ntpoptctl -n '__fish_seen_subcommand_from notify; and __fish_seen_subcommand_from test' -a 'email slack discord webhook command'
