# Prints a transaction's log as it grows: "worker PID START", "step NAME", "warn TEXT", "error TEXT", "settling SECONDS", and last "end OUTCOME".
# A transaction that settles is applied so far, and what comes of it is not waited for, unless RF_UNTIL is "settled".
# Without an "end" line the state is unknown and must be asked for. Given: home, txn, shell, RF_UNTIL.
# shellcheck shell=sh disable=SC2154 # given
rf_alive() { # PID START
  stat=
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  begun=$2
  # shellcheck disable=SC2086 # fields of stat
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20:-}" = "$begun" ]
}
# The worker writes a line into the fifo with every line of its log. Here a "tick" comes every second, so that a dead worker is noticed, and
# one that cannot write its log.
rf_open_wake() {
  wake=no ticker=
  if ! [ -p "$txn/wake" ]; then return 0; fi
  exec 7<>"$txn/wake"
  wake=yes
  while sleep 1 && kill -0 "$$"; do echo tick; done >&7 2>/dev/null </dev/null &
  ticker=$!
}
rf_await() { # a line of the log, or some time -> ticked
  ticked=tick
  if [ "$wake" = yes ]; then IFS= read -r ticked <&7; else sleep 1; fi
}
rf_print_log() { # -> 0 when the log has ended
  while IFS= read -r line <&4 || {
    part=$part$line
    false
  }; do
    line=$part$line part=
    printf '%s\n' "$line"
    settling=no
    case $line in
      'worker '*) worker=${line#worker } ;;
      'settling '*) settling=yes ;;
      'end '*) return 0 ;;
    esac
  done
  if [ "$settling" = no ] || [ -n "$part" ] || [ "$RF_UNTIL" = settled ]; then return 1; fi
  echo 'end applied'
}
# The log may lie on a full disk; the state is the name of a file, which needs no space.
rf_over() { # -> over: how it ended, "" while it has not
  over=
  for place in "$home"/history/*-"$RF_ID" "$txn"; do
    for state in stuck rolled-back applied settling refused; do
      if [ -e "$place/state.$state" ]; then over=$state; fi
    done
    if [ "$over" = settling ] && [ "$RF_UNTIL" = settled ]; then over=; elif [ "$over" = settling ]; then over=applied; fi
    # Applied, but not yet done with everything.
    if [ "$over" = applied ] && [ "$place" = "$txn" ] && [ "$1" = running ]; then over=; fi
    if [ -n "$over" ]; then return 0; fi
  done
}
rf_is_active() {
  active=
  { IFS= read -r active <"$home/active"; } 2>/dev/null
  [ "$active" = "$RF_ID" ]
}
rf_watch() {
  part='' worker='' settling=no ticks=0 dead=0 ended=0
  until rf_print_log; do
    rf_await
    if [ "$ticked" != tick ]; then continue; fi
    ticks=$((ticks + 1))
    rf_over running
    if [ -n "$over" ]; then ended=$((ended + 1)); fi
    # A worker that is gone without an end is put right at once: by systemd, or else by this session. The lock lets only one of them.
    # shellcheck disable=SC2086 # two words
    if [ -n "$worker" ] && ! rf_alive $worker; then dead=$((dead + 1)); fi
    if [ "$dead" = 1 ]; then "$shell" "$home/lib/worker.sh" recover </dev/null >/dev/null 2>&1; fi
    if [ "$dead" -gt 4 ] || [ "$ended" -gt 2 ]; then return 1; fi
    if [ -z "$worker" ] && [ "$ticks" -gt 30 ]; then return 1; fi
  done
}
rf_follow() {
  exec 4<"$txn/log"
  rf_open_wake
  rf_watch
  told=$?
  # By a signal that no shell reports.
  if [ -n "$ticker" ]; then kill -PIPE "$ticker" 2>/dev/null; fi
  if [ "$told" = 0 ]; then return 0; fi
  rf_over dead
  # Nothing is changed before it is marked as active, and nobody runs a dead worker's transaction once more.
  # shellcheck disable=SC2086 # two words
  if [ -z "$over" ] && [ -n "$worker" ] && ! rf_alive $worker && ! rf_is_active; then
    rm -f "$txn/contents"
    echo "error the worker died before anything was changed"
    over=refused
  fi
  if [ -n "$over" ]; then echo "end $over"; fi
}
