# The session's side of a transaction: prepares it, starts the worker detached from this session, and follows its log. When the session
# goes away the worker does not notice.
# Given: RF_ID, RF_TIME, RF_WAIT (seconds a service may take), RF_WORKER and RF_BOOT_UNIT (escaped for printf %b), RF_WORKER_SUM, rf_prepare
# and follow.sh.
# shellcheck shell=sh disable=SC2154 # given
rf_end() { # OUTCOME: before a worker has begun
  if [ "$mine" = yes ]; then rm -rf "$txn"; fi
  echo "end $1"
  exit 0
}
rf_fail() {
  echo "error $*"
  rf_end refused
}
rf_who() { # -> me: who this shell is
  me=
  while read -r key value _; do
    if [ "$key" = Uid: ]; then me=$value; fi
  done </proc/self/status
}
rf_home() {
  rf_who
  if [ -z "${RF_ROOT:-}" ] && [ "$me" != 0 ]; then rf_fail "only root may change this node"; fi
  for tool in stat ln sync; do
    if ! command -v "$tool" >/dev/null; then rf_fail "the node has no $tool"; fi
  done
  if ! command -v sha256sum >/dev/null && ! command -v openssl >/dev/null; then rf_fail "the node has neither sha256sum nor openssl"; fi
  # What files hold goes through printf, which must be no program: the arguments of programs are there for all to see.
  if ! PATH=/nowhere printf '' 2>/dev/null; then rf_fail "the node's sh has no printf of its own"; fi
  if [ -L "$home" ]; then rf_fail "$home is a link; it has to be a directory of root's"; fi
  if ! [ -d "${home%/*}" ]; then (umask 022 && mkdir -p "${home%/*}"); fi
  if ! [ -d "$home/history" ]; then mkdir -p "$home/txn" "$home/lib" "$home/history" || rf_fail "$home cannot be written"; fi
  # Nobody else may have prepared this directory for us.
  case $(stat -c '%u %a' "$home" 2>/dev/null) in
    "$me 700") ;;
    "$me "*) chmod 700 "$home" || rf_fail "$home cannot be made private" ;;
    *) rf_fail "$home belongs to somebody else" ;;
  esac
}
rf_install() { # the worker stays on the node, for the watchdog and the next boot
  sum=
  { IFS= read -r sum <"$home/lib/sum"; } 2>/dev/null
  if [ "$sum" = "$RF_WORKER_SUM" ] && [ -f "$home/lib/worker.sh" ]; then return 0; fi
  if ! { printf '%b' "$RF_BOOT_UNIT" >"$home/lib/recover.service" && printf '%b' "$RF_WORKER" >"$home/lib/worker.$RF_ID" &&
    sync "$home/lib/worker.$RF_ID" && mv -f "$home/lib/worker.$RF_ID" "$home/lib/worker.sh" && echo "$RF_WORKER_SUM" >"$home/lib/sum"; }; then
    rf_fail "the worker could not be written to $home; is the disk full?"
  fi
}
rf_start() {
  : >"$txn/log" || rf_fail "$home cannot be written"
  # An earlier transaction's watch, and this one's.
  lasts=$((RF_WAIT * 3 + 180))
  if [ -z "${RF_ROOT:-}" ] && [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    # When the worker dies, however it does, systemd lets another one put things right.
    if systemd-run --quiet --collect --unit="regfallback-txn-$RF_ID" --property=RuntimeMaxSec="$lasts" \
      --property=ExecStopPost="/bin/sh $home/lib/worker.sh recover" "$shell" "$home/lib/worker.sh" run "$RF_ID" </dev/null >/dev/null 2>&1; then
      return 0
    fi
    if systemd-run --unit="regfallback-txn-$RF_ID" "$shell" "$home/lib/worker.sh" run "$RF_ID" </dev/null >/dev/null 2>&1; then return 0; fi
  fi
  if command -v setsid >/dev/null; then
    setsid "$shell" "$home/lib/worker.sh" run "$RF_ID" </dev/null >/dev/null 2>&1 &
  else
    "$shell" "$home/lib/worker.sh" run "$RF_ID" </dev/null >/dev/null 2>&1 &
  fi
}
rf_main() {
  (
    LC_ALL=C
    export LC_ALL
    unset IFS
    umask 077
    set -u
    home=${RF_ROOT:-}/var/lib/regfallback
    txn=$home/txn/$RF_ID
    shell=${RF_SHELL:-/bin/sh}
    mine=no
    rf_home
    for past in "$home"/history/*-"$RF_ID" "$txn"; do
      if [ -e "$past" ]; then rf_fail "a transaction with the name $RF_ID is there already"; fi
    done
    if ! mkdir "$txn" "$txn/old" 2>/dev/null; then rf_fail "a transaction with the name $RF_ID is there already"; fi
    mine=yes
    stat=
    IFS= read -r stat </proc/self/stat
    # shellcheck disable=SC2086 # fields of stat
    set -- ${stat##*) }
    echo "${stat%% *} ${20}" >"$txn/front"
    rf_prepare
    mkfifo "$txn/wake" 2>/dev/null
    rf_install
    rf_start
    rf_follow
  )
}
rf_main
