#compdef ntpoptctl
# zsh completion of ntpoptctl(1); names of servers come from the daemon, where it runs.

_ntpoptctl_servers() {
  local -a names
  names=(${(f)"$(ntpoptctl --json --timeout 2s servers --all 2>/dev/null | grep -oE '"name": ?"[[A-Za-z0-9][][A-Za-z0-9.:_-]*"' | sed 's/.*"\([^"]*\)"$/\1/')"})
  compadd -a names
}

_ntpoptctl_blacklisted() {
  local -a names
  names=(${(f)"$(ntpoptctl --json --timeout 2s blacklist list 2>/dev/null | grep -oE '"server": ?"[[A-Za-z0-9][][A-Za-z0-9.:_-]*"' | sed 's/.*"\([^"]*\)"$/\1/')"})
  compadd -a names
}

_ntpoptctl_verbs() {
  local -a verbs
  verbs=(
    'status:how the clock is kept, and how the last round went'
    'reoptimize:run a round now and follow it'
    'servers:the servers of the last round, ranked'
    'explain:why a server, or the round, was decided as it was'
    'history:rounds of the past, or the trend of one server'
    'report:which servers, how far off, who changed what'
    'blacklist:servers to leave out'
    'interval:show or set the time between rounds'
    'rollback:go back to the servers before the current ones'
    'monitor:show what the daemon does'
    'config:the configuration in force'
    'metrics:what was counted, for Prometheus'
    'notify:try notices by mail, chat, webhook or command'
  )
  _describe verb verbs
}

_ntpoptctl() {
  local state line
  local -a common
  common=(
    '--json[print one JSON document]'
    '--no-color[without colours]'
    '--no-pager[no pager for long output]'
    '--no-ask-password[do not let polkit ask for a password]'
    '(-H --host)'{-H,--host}'[ask another machine, over ssh]:host:_hosts'
    '--timeout[how long to wait for an answer]:duration:(5s 30s 2min)'
    '(-h --help)'{-h,--help}'[show the options]'
  )
  _arguments -C $common '--version[show the version]' '1:verb:_ntpoptctl_verbs' '*::argument:->argument'
  [[ $state == argument ]] || return
  case $line[1] in
    reoptimize) _arguments $common '--dry-run[everything but the change]' '--no-wait[only begin it]' ;;
    servers) _arguments $common '--all[also those that were not asked]' ;;
    explain) _arguments $common '1:server:_ntpoptctl_servers' ;;
    history)
      _arguments $common '1:server:_ntpoptctl_servers' '--since[how far back]:duration:(1h 1d 7d 30d)' \
        '--limit[at most so many rounds]:number:(10 100 1000)' '(--trace)--csv[comma-separated values]' \
        '(--csv)--trace[what ntpoptd --replay reads]'
      ;;
    report)
      _arguments $common '--from[a time, a day, or how long ago]:time:(1d 7d 30d 365d)' '--to[the same]:time:(1d 7d 30d)' \
        '--verify[is the evidence as it was written]' '--journal[compare it with the journal, too]'
      ;;
    blacklist)
      _arguments -C $common '1:action:(list add remove)' '*::server:->server'
      case $state:$line[1] in
        server:add) _arguments $common '1:server:_ntpoptctl_servers' '--for[how long]:duration:(1h 1d 7d 30d)' ;;
        server:remove) _arguments $common '1:server:_ntpoptctl_blacklisted' ;;
      esac
      ;;
    interval) _arguments $common '1:duration:(1h 3h 6h 12h 1d default)' ;;
    notify) _arguments $common '1:action:(test)' '2:channel:(email slack discord webhook command)' ;;
    rollback) _arguments $common "(--list)--original[to the NTP service's own servers]" '(--original)--list[only show]' ;;
    metrics) _arguments $common '(--http)--textfile[replace this file]:file:_files' '(--textfile)--http[answer one HTTP request on standard input]' ;;
    *) _arguments $common ;;
  esac
}

_ntpoptctl "$@"
