# The service and its health. An active unit proves nothing: every CRI plugin must be ok, and stay so.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

find_ctr() { # -> ctr
  ctr=
  if [ -n "$exe" ] && [ -x "${exe%/*}/ctr" ]; then ctr=${exe%/*}/ctr; elif command -v ctr >/dev/null; then ctr=ctr; elif command -v k0s >/dev/null; then ctr='k0s ctr'; fi
}
get_health() { # -> health: "PLUGIN=STATE ..." of the CRI, "" when nothing answers
  if [ -z "$socket" ]; then
    health=unknown=ok
  elif [ -n "$ctr" ]; then
    # shellcheck disable=SC2086 # may be two words
    health=$(limit 10 $ctr -a "$socket" plugins ls 2>/dev/null | while read -r type name rest; do
      case $type.$name in io.containerd.grpc.v1.cri | io.containerd.cri.*) printf '%s ' "$type.$name=${rest##* }" ;; esac
    done)
  elif command -v crictl >/dev/null; then
    health=
    if limit 10 crictl -r "unix://$socket" version >/dev/null 2>&1; then health='cri=ok '; fi
  else
    health=
    if [ -S "$socket" ]; then health='socket=ok '; fi
  fi
}
is_healthy() { # everything is ok, or not worse than before
  if [ -z "$health" ] && [ -n "$before_health" ]; then return 1; fi
  for row in $health; do
    case $row in *=ok) continue ;; esac
    case " $before_health " in *" $row "*) ;; *) return 1 ;; esac
  done
  for row in $before_health; do
    case $row in *=ok) ;; *) continue ;; esac
    case " $health " in *" $row "*) ;; *) return 1 ;; esac
  done
}
get_socket() { # -> made: which socket it is. A new containerd makes a new one, and numbers come once on a tmpfs.
  made=$(ls -di "$socket" 2>/dev/null)
}
get_sample() { # -> sample: which process the service is
  sample=
  case $restart in
    systemd) sample=$(limit 10 systemctl show -p MainPID,NRestarts,SubState "$service" 2>/dev/null) ;;
    snap) sample=$(limit 10 systemctl show -p MainPID,NRestarts,SubState "snap.$service.service" 2>/dev/null) ;;
    itself)
      get_socket
      sample=$made
      ;;
  esac
}
service_is_runtime() { # and not a program that keeps a containerd as its child
  main=${sample#*MainPID=}
  # shellcheck disable=SC3013 # dash, busybox and bash have -ef
  [ "$main" != "$sample" ] && [ "/proc/${main%%"$newline"*}/exe" -ef "$exe" ]
}
# The distribution watches the directory of a file that was changed, and restarts its containerd some seconds later.
await_own_restart() { # SECONDS
  get_socket
  born=$made
  uptime
  late=$((seconds + $1))
  while get_socket && [ "$made" = "$born" ] || [ -z "$made" ]; do
    uptime
    if [ "$seconds" -ge "$late" ]; then
      said="it did not restart by itself within $1 s"
      return 1
    fi
    nap 0.1
  done
}
settle() { # it noticed as well that nothing of ours stands beside the file any more
  if [ "$restart" = itself ] && await_own_restart "${RF_QUIET:-8}" && ! await_health; then say "warn after the end $why"; fi
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
# enough too, and where the service is the runtime itself the second look only asks whether it still is that process.
await_health() { # -> 0, or 1 with `why`
  uptime
  deadline=$((seconds + wait))
  last='' last_health=''
  why="nothing answers on $socket"
  while :; do
    get_sample
    if [ -z "$last_health" ] || [ "$sample" != "$last" ] || ! service_is_runtime; then get_health; fi
    if [ -n "$health" ] && [ "$sample$health" = "$last$last_health" ]; then
      if is_healthy; then return 0; fi
      why="the runtime is not well: $health"
      return 1
    fi
    if [ -n "$health" ]; then
      why="the runtime does not stay up: $health"
      pause=${RF_SOAK:-0.3}
    else pause=0.05; fi
    last=$sample last_health=$health
    uptime
    if [ "$seconds" -ge "$deadline" ]; then
      if is_healthy && [ -z "$before_health" ]; then return 0; fi
      return 1
    fi
    nap "$pause"
  done
}
service_again() { # after files were put back
  if [ "$boot" = yes ] || ! [ -e "$txn/restarted" ]; then return 0; fi
  say "step restart"
  restart_service
  say "step health"
  await_health
}
