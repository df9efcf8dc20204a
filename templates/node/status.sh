# After a lost connection: follows a transaction that was started before, to its end. One that has not begun never begins after this was
# told. Given: RF_ID, RF_UNTIL, home.sh and follow.sh.
# shellcheck shell=sh disable=SC2154,SC2034 # given; used by follow.sh
rf_fail() { # without an "end" line: the state is not known
  echo "error $*"
  exit 0
}
rf_past() { # -> txn: where it is when it has ended
  for past in "$home"/history/*-"$RF_ID"; do
    if [ -f "$past/log" ]; then txn=$past; fi
  done
}
rf_claim() { # -> 0 when neither a front nor a worker can begin it any more
  rf_home
  # Begun, by an older version that made no claim.
  for state in "$txn"/state.*; do if [ -e "$state" ]; then return 1; fi; done
  # Its front may have made it already; otherwise that now fails.
  mkdir "$txn" 2>/dev/null
  set -C
  { printf '' >"$txn/claim"; } 2>/dev/null
  claimed=$?
  set +C
  if ! [ -e "$txn/claim" ]; then rf_fail "$home cannot be written"; fi
  return "$claimed"
}
rf_forget_claims() { # the newest 32 stay
  set --
  for dir in "$home"/txn/*; do
    if [ -e "$dir/claim" ] && ! [ -e "$dir/front" ]; then set -- "$@" "$dir"; fi
  done
  if [ $# -le 32 ]; then return 0; fi
  oldest=$1
  for dir; do
    # shellcheck disable=SC3013 # dash, busybox and bash have -ot
    if [ "$dir" -ot "$oldest" ]; then oldest=$dir; fi
  done
  rm -rf "$oldest"
}
rf_main() {
  (
    LC_ALL=C
    export LC_ALL
    unset IFS
    umask 077
    set -u
    home=${RF_ROOT:-}/var/lib/regfallback
    shell=${RF_SHELL:-/bin/sh}
    txn=$home/txn/$RF_ID
    rf_past
    if [ "$txn" = "$home/txn/$RF_ID" ] && rf_claim; then
      # It may have ended meanwhile.
      rf_past
      if [ "$txn" = "$home/txn/$RF_ID" ]; then
        : >"$txn/state.refused"
        rf_flush "$txn" "$home/txn" "$home" "${home%/*}"
        rf_forget_claims
        echo 'end none'
        exit 0
      fi
      rm -rf "$home/txn/$RF_ID"
    fi
    # Without a log it is one that was asked for before.
    if ! [ -f "$txn/log" ]; then
      echo 'end none'
      exit 0
    fi
    rf_follow
  )
}
rf_main
