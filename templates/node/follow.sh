# Prints a transaction's log as it grows: "worker PID START", "step NAME", "warn TEXT", "error TEXT", and last "end OUTCOME".
# Without an "end" line the state is unknown and must be asked for. Given: home, txn, shell.
# shellcheck shell=sh disable=SC2154 # given
rf_alive() { # PID START
  stat=
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  begun=$2
  # shellcheck disable=SC2086 # fields of stat
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20:-}" = "$begun" ]
}
rf_follow() {
  exec 4<"$txn/log"
  part='' worker='' waited=0 dead=0
  while :; do
    while IFS= read -r line <&4 || {
      part=$part$line
      false
    }; do
      line=$part$line part=
      printf '%s\n' "$line"
      case $line in
        'worker '*) worker=${line#worker } ;;
        'end '*) return 0 ;;
      esac
    done
    waited=$((waited + 1))
    # Every look costs a process, on a node that has work to do.
    if [ "$waited" -lt 4 ]; then pause=0.02; elif [ "$waited" -lt 60 ]; then pause=0.05; else pause=0.1; fi
    sleep "$pause" 2>/dev/null || sleep 1
    # A worker that is gone without an end is put right at once: by systemd, or else by this session. The lock lets only one of them.
    # shellcheck disable=SC2086 # two words
    if [ -n "$worker" ] && ! rf_alive $worker; then
      dead=$((dead + 1))
      if [ "$dead" = 20 ]; then "$shell" "$home/lib/worker.sh" recover </dev/null >/dev/null 2>&1; fi
      if [ "$dead" -gt 40 ]; then break; fi
    elif [ -z "$worker" ] && [ "$waited" -gt 150 ]; then break; fi
  done
  # The log may lie on a full disk; the state is the name of a file, which needs no space.
  for place in "$txn" "$home"/history/*-"$RF_ID"; do
    for state in applied rolled-back stuck; do
      if [ -e "$place/state.$state" ]; then echo "end $state"; fi
    done
  done
}
