# The session's side of a transaction: prepares it, starts the worker detached from this session, and follows its log. When the session
# goes away the worker does not notice.
# Given: RF_ID, RF_UNTIL, RF_WAIT (seconds a service may take), RF_WORKER and RF_BOOT_UNIT (escaped for printf %b), their checksums
# RF_WORKER_SUM and RF_BOOT_UNIT_SUM, rf_prepare, home.sh and follow.sh.
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
rf_known() { rf_fail "the transaction $RF_ID was started before, or was already reported as never started"; }
rf_tools() {
  for tool in stat ln sync; do
    if ! command -v "$tool" >/dev/null; then rf_fail "the node has no $tool"; fi
  done
  if ! command -v sha256sum >/dev/null && ! command -v openssl >/dev/null; then rf_fail "the node has neither sha256sum nor openssl"; fi
  # What files hold goes through printf, which must be no program: the arguments of programs are there for all to see.
  if ! PATH=/nowhere printf '' 2>/dev/null; then rf_fail "the node's sh has no built-in printf"; fi
}
# The worker stays on the node, for the watchdog and the next boot. It is compared with what it should be whenever it is used. Both files are
# durable before anything else is written: after a power cut the boot unit removes what it finds.
rf_install() {
  unit=${RF_ROOT:-}/etc/systemd/system/regfallback-recover.service
  wants=${unit%/*}/multi-user.target.wants/${unit##*/}
  sums_of=sha256sum
  if ! command -v sha256sum >/dev/null; then sums_of='openssl dgst -sha256 -r'; fi
  told=$($sums_of "$home/lib/worker.sh" "$unit" 2>/dev/null)
  sum=
  { IFS= read -r sum <"$home/lib/sum"; } 2>/dev/null
  case "$sum $told" in
    "$RF_WORKER_SUM  worker.sh "*"$RF_WORKER_SUM"*) ;;
    *) rf_install_worker || rf_fail "the worker could not be written to $home; check that the disk is not full" ;;
  esac
  if ! [ -d "${RF_ROOT:-}/run/systemd/system" ]; then return 0; fi
  case $told in *"$RF_BOOT_UNIT_SUM"*) if [ -L "$wants" ]; then return 0; fi ;; esac
  rf_install_unit 2>/dev/null || echo "warn $unit cannot be written: only the next run undoes a change after a power cut"
}
rf_install_worker() {
  printf '%b' "$RF_WORKER" >"$home/lib/worker.$RF_ID" && mv -f "$home/lib/worker.$RF_ID" "$home/lib/worker.sh" &&
    echo "$RF_WORKER_SUM  worker.sh" >"$home/lib/sum" && rf_flush "$home/lib/worker.sh" "$home/lib/sum" "$home/lib" "$home" "${home%/*}"
}
rf_install_unit() {
  printf '%b' "$RF_BOOT_UNIT" >"$unit.$RF_ID" && chmod 644 "$unit.$RF_ID" && mv -f "$unit.$RF_ID" "$unit" && mkdir -p "${wants%/*}" &&
    ln -sf "$unit" "$wants" && rf_flush "$unit" "${unit%/*}" "${wants%/*}"
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
    setsid "$shell" "$home/lib/worker.sh" run "$RF_ID" session </dev/null >/dev/null 2>&1 &
  else
    "$shell" "$home/lib/worker.sh" run "$RF_ID" session </dev/null >/dev/null 2>&1 &
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
    rf_tools
    rf_home
    rf_install
    for past in "$home"/history/*-"$RF_ID" "$txn"; do
      if [ -e "$past" ]; then rf_known; fi
    done
    if ! mkdir "$txn" "$txn/old" 2>/dev/null; then rf_known; fi
    mine=yes
    stat=
    IFS= read -r stat </proc/self/stat
    # shellcheck disable=SC2086 # fields of stat
    set -- ${stat##*) }
    echo "${stat%% *} ${20}" >"$txn/front"
    rf_prepare
    mkfifo "$txn/wake" 2>/dev/null
    rf_start
    rf_follow
  )
}
rf_main
