# The state directory: there, and nobody's but ours. Before status.sh and front.sh. Given: home and rf_fail.
# shellcheck shell=sh disable=SC2154 # given
rf_who() { # -> me: who this shell is
  me=
  while read -r key value _; do
    if [ "$key" = Uid: ]; then me=$value; fi
  done </proc/self/status
}
rf_flush() { sync "$@" 2>/dev/null || sync; }
rf_home() {
  rf_who
  if [ -z "${RF_ROOT:-}" ] && [ "$me" != 0 ]; then rf_fail "only root may change this node"; fi
  if [ -L "$home" ]; then rf_fail "$home is a link; it must be a directory that belongs to root"; fi
  if ! [ -d "${home%/*}" ]; then (umask 022 && mkdir -p "${home%/*}"); fi
  if ! [ -d "$home/history" ]; then mkdir -p "$home/txn" "$home/lib" "$home/history" || rf_fail "$home cannot be written"; fi
  # Nobody else may have prepared this directory for us.
  case $(stat -c '%u %a' "$home" 2>/dev/null) in
    "$me 700") ;;
    "$me "*) chmod 700 "$home" || rf_fail "the mode of $home cannot be set to 0700" ;;
    *) rf_fail "$home does not belong to root" ;;
  esac
}
