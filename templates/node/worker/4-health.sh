# The service and its health. An active unit proves nothing: every CRI plugin must be ok, and stay so. Where the CRI cannot be asked, a socket
# that accepts connections and a process that stays are what is known.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

find_ctr() { # -> ctr
  ctr=
  if [ -n "$exe" ] && [ -x "${exe%/*}/ctr" ]; then ctr=${exe%/*}/ctr; elif command -v ctr >/dev/null; then ctr=ctr; elif command -v k0s >/dev/null; then ctr='k0s ctr'; fi
}
ask_ctr() { # prints "PLUGIN=STATE " for every plugin of the CRI
  # shellcheck disable=SC2086 # may be two words
  limit 10 $ctr -a "$socket" plugins ls 2>/dev/null | while read -r type name rest; do
    case $type.$name in io.containerd.grpc.v1.cri | io.containerd.cri.*) printf '%s ' "$type.$name=${rest##* }" ;; esac
  done
}
accepts() { # somebody listens on the socket; the file alone proves nothing
  case $socket in /var/run/*) set -- "${socket#/var}" ;; *) set -- "$socket" ;; esac
  grep -q " 00010000 0001 01 .* $1\$" /proc/net/unix 2>/dev/null
}
get_health() { # -> health: "WHAT=STATE ..." from the best source that answers, "" when nothing is known
  health=
  if [ -z "$socket" ]; then
    get_sample
    case $sample in *SubState=running*) health='service=ok ' ;; esac
    return 0
  fi
  if [ -n "$ctr" ]; then health=$(ask_ctr); fi
  if [ -n "$health" ]; then return 0; fi
  if command -v crictl >/dev/null && limit 10 crictl -r "unix://$socket" version >/dev/null 2>&1; then
    health='cri=ok '
  elif accepts; then health='socket=ok '; fi
  return 0
}
rank() { # HEALTH -> rank: how much the source knows
  case $1 in
    *io.containerd*) rank=3 ;;
    *cri=*) rank=2 ;;
    *=*) rank=1 ;;
    *) rank=0 ;;
  esac
}
knows_less() { # than before: a better source answered then -> rank known
  rank "$before_health"
  known=$rank
  rank "$health"
  [ "$rank" -lt "$known" ]
}
is_healthy() { # where knows_less said no: everything is ok, or not worse than before
  for row in $health; do
    case $row in *=ok) continue ;; esac
    case " $before_health " in *" $row "*) ;; *) return 1 ;; esac
  done
  if [ "$rank" -gt "$known" ]; then return 0; fi
  for row in $before_health; do
    case $row in *=ok) ;; *) continue ;; esac
    case " $health " in *" $row "*) ;; *) return 1 ;; esac
  done
}
get_socket() { # -> inode: which socket it is. A new containerd makes a new one, and numbers come once on a tmpfs.
  inode=$(ls -di "$socket" 2>/dev/null) || :
}
get_sample() { # -> sample: which process the service is
  sample=
  case $restart in
    systemd) sample=$(limit 10 systemctl show -p MainPID,NRestarts,SubState "$service" 2>/dev/null) ;;
    snap) sample=$(limit 10 systemctl show -p MainPID,NRestarts,SubState "snap.$service.service" 2>/dev/null) ;;
    itself)
      get_socket
      sample=$inode
      ;;
  esac
}
field() { # NAME -> value: of the sample, "" when it is not in it
  value=
  case $sample in *"$1="*) value=${sample##*"$1="} ;; esac
  value=${value%%"$newline"*}
}
service_is_runtime() { # and not a program that keeps a containerd as its child
  field MainPID
  # shellcheck disable=SC3013 # dash, busybox and bash have -ef
  [ -n "$value" ] && [ "/proc/$value/exe" -ef "$exe" ]
}
# The distribution watches the directory of a file that was changed, and restarts its containerd some seconds later.
expect_own_restart() { # before the first change
  if [ "$restart" = itself ]; then get_socket && old_inode=$inode; fi
}
await_own_restart() { # SECONDS
  uptime
  late=$((seconds + $1))
  while get_socket && [ "$inode" = "$old_inode" ] || [ -z "$inode" ]; do
    uptime
    if [ "$seconds" -ge "$late" ]; then
      said="it did not restart on its own within $1 s"
      return 1
    fi
    nap 0.1
  done
}
restart_service() {
  said=
  case $restart in
    systemd)
      # A unit that failed too often does not start again before this.
      limit 10 systemctl reset-failed "$service" >/dev/null 2>&1
      step reset-failed
      said=$(limit "$wait" systemctl restart "$service" 2>&1)
      ;;
    snap) said=$(limit "$wait" snap restart "$service" 2>&1) ;;
    itself) await_own_restart "$wait" ;;
  esac
  code=$?
  step restarted
  if [ "$code" = 124 ]; then said="no answer within $wait s"; fi
  if [ -n "$said" ]; then said=$(printf "%s" "$said" | head -n 1 | tr -d '\000-\037\177' | cut -c1-300); fi
  return "$code"
}
# Two looks apart, the same process both times. What a plugin says when it has started is final, so two bad looks at the same process are
# enough too, and where the service is the runtime itself the second look only asks whether it still is that process. What a worse source than
# before says is not final: a runtime that is just starting may be late for `ctr`, which gives up at once, and in time for crictl, which waits.
await_health() { # -> 0, or 1 with `why`
  uptime
  # Whole seconds, of which the first has begun.
  deadline=$((seconds + wait + 1))
  last='' last_health='' looked=$seconds
  why="nothing answers on $socket"
  if [ -z "$socket" ]; then why="the state of the runtime is unknown: there is neither a socket nor a running unit"; fi
  while :; do
    get_sample
    if [ -z "$last_health" ] || [ "$sample" != "$last" ] || knows_less || ! service_is_runtime; then get_health; fi
    pause=${RF_SOAK:-0.3}
    if [ -z "$health" ]; then
      pause=0.05
    elif knows_less; then
      why="the runtime reports less than before: $health"
    elif [ "$sample$health" != "$last$last_health" ]; then
      why="the runtime does not keep running: $health"
    elif is_healthy; then
      return 0
    else
      why="the runtime is not healthy: $health"
      return 1
    fi
    last=$sample last_health=$health
    uptime
    if [ "$seconds" -ge "$deadline" ]; then return 1; fi
    if [ "$interrupted" = 1 ] && [ "$seconds" != "$looked" ]; then
      looked=$seconds
      if shutting_down; then return 1; fi
    fi
    nap "$pause"
  done
}
service_again() { # after files were put back: well, or no worse than before
  if [ "$boot" = yes ] || ! [ -e "$txn/restarted" ]; then return 0; fi
  say "step restart"
  restart_service
  say "step health"
  await_health || [ -z "$before_health" ]
}

# --- after the restart: the runtime is watched for a while ---

begin_watch() { # -> ends restarts born: when it ends, and what is not to change. Recorded for a recovery, which goes on with it.
  get_socket
  field NRestarts
  uptime
  ends=$((seconds + settle)) restarts=${value:--} born=${inode:--}
  { printf '%s %s %s\n' "$ends" "$restarts" "$born" >"$txn/watch"; } 2>/dev/null
}
still_up() { # -> 0, or 1 with `why`. A person may restart a service; systemd does it only when it died.
  get_sample
  why="$service died and was restarted"
  field NRestarts
  case $restarts:$value in *[!0-9:]* | *:) ;; *) if [ "$value" -gt "$restarts" ]; then return 1; fi ;; esac
  if [ "$restart" = itself ] && [ "$inode" != "$born" ]; then return 1; fi
  field SubState
  why="$service does not keep running ($value)"
  case $value in failed | dead | auto-restart*) return 1 ;; esac
}
watch() { # -> 0 when it is well at the end, 1 with `why`, 2 when the watch was ended from outside
  uptime
  looks=$((seconds + 10))
  get_sample
  field MainPID
  main=$value
  while [ "$seconds" -lt "$ends" ]; do
    nap 1
    if ! [ -e "$txn/state.settling" ] || [ "$interrupted" = 1 ]; then return 2; fi
    uptime
    if [ "$seconds" -lt "$looks" ] && { [ -z "$main" ] || [ -d "/proc/$main" ]; }; then continue; fi
    still_up || return 1
    looks=$((seconds + 10))
    field MainPID
    main=$value
  done
  await_health || return 1
  still_up
}
