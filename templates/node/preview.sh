# Shows what undoing transactions would do, and changes nothing. After encode.sh and undo.sh. Given: RF_UNDO, RF_NEWEST, RF_FORCE, RF_WAIT.
# Prints "undo 1", "restart WORD", "service NAME", "wait SECONDS", "shown SUM" (for rollback.sh), for every change in commit order
# "change OP:CLASS MODE UID GID BEFORE AFTER NOW SIZE PATH" (NOW: what is there; SIZE of the file that comes back, "-" without one, "large"
# where it is not sent), "content", those files in base64, "." and "end shown"; or "error TEXT" and "end refused" or "end conflict".
# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # given, and used in undo.sh
rf_end() {
  echo "end $1"
  exit 0
}
rf_fail() {
  echo "error $*"
  rf_end refused
}
rf_show() { # every change; -> $@: the files that are sent
  total=0
  set --
  IFS=$newline
  for line in $changes; do
    unset IFS
    rf_read_change "$line"
    case $size in
      -) ;;
      *)
        if [ "$size" -gt 262144 ] || [ $((total + size)) -gt 4194304 ]; then size=large; else
          total=$((total + size))
          set -- "$@" "$source"
        fi
        ;;
    esac
    echo "change $op $mode $owner $group $before $after $now $size $path"
    IFS=$newline
  done
  unset IFS
  echo content
  if [ $# != 0 ]; then cat "$@" | rf_encode; fi
  echo .
}
rf_main() {
  (
    LC_ALL=C
    export LC_ALL
    unset IFS
    set -u
    newline='
'
    home=${RF_ROOT:-}/var/lib/regfallback
    if ! [ -r "$home/history" ]; then rf_fail "$home cannot be read"; fi
    rf_choose
    rf_settings
    rf_undo
    rf_shown
    printf 'undo 1\nrestart %s\nservice %s\nwait %s\nshown %s\n' "${restart:-none}" "$service" "$wait" "$shown"
    set -f
    rf_show
    rf_end shown
  )
}
rf_main
