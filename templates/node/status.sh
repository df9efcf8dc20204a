# After a lost connection: follows a transaction that was started before, to its end. Given: RF_ID and follow.sh.
# shellcheck shell=sh disable=SC2154,SC2034 # given; used by follow.sh
rf_main() {
  (
    LC_ALL=C
    export LC_ALL
    unset IFS
    set -u
    home=${RF_ROOT:-}/var/lib/regfallback
    shell=${RF_SHELL:-/bin/sh}
    for txn in "$home/txn/$RF_ID" "$home"/history/*-"$RF_ID"; do
      if [ -f "$txn/log" ]; then
        rf_follow
        exit 0
      fi
    done
    # Nothing of it is here: it never began.
    echo 'end none'
  )
}
rf_main
