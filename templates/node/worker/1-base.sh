# The worker carries out one prepared transaction, all or nothing, and puts back what a dead worker left. It runs detached from every
# session, needs no channel, and writes what it does to the transaction's log. Stands on the node as /var/lib/regfallback/lib/worker.sh.
#
#   worker.sh run ID [session]   carries out txn/ID; started by a session, it leaves it
#   worker.sh recover            ends what is unfinished (watchdog, next run)
#   worker.sh boot               the same before containerd starts: no service is touched
#
# /var/lib/regfallback (0700): lock, active (the ID that must not stay unfinished), txn/ID/, history/SEQUENCE-ID/
# txn/ID: settings ("KEY VALUE" lines), manifest, contents (what new files hold: "content_N='...'", and what a
#   distribution will make of them: "trial_N='...'", escaped for printf %b) or new/N
#   (the same as files), old/N (copies of what is replaced), receipt, log, wake (a fifo: whoever follows the log is woken by it), claim,
#   cause, from.NAME/ (what a transaction that goes from the history hands over to the first one), state.NAME, made.N (a directory that is ours), whole.N (a directory that goes as a whole), restarted, health, watch, conflict/
# manifest: "N OP:CLASS MODE UID GID BEFORE AFTER PATH", in commit order. OP: M make directory, C create, R replace, D delete, X remove
#   directory. CLASS: directory, certificate, hosts or config; older versions wrote none.
# Beside a target: .rf-ID-N.new (staged) and .rf-ID-N.old (the inode that was there): names containerd never reads. Where others than root may
# write (listed in `shared`), they are N.new and N.old in .rf-ID, a directory of root's beside the outermost of these directories.
#
# The state is the name of one file, changed by rename: staged, committing, settling, applied; rolling-back, rolled-back, stuck; refused.
# Before committing nothing is changed. From committing on everything is put back by rename, which needs no space, until it is applied.
# A change that restarted the runtime settles first: it is in the history and works, its old files are kept, the lock is held, and the runtime
# is watched. A session is told `applied` when that begins. The next transaction waits for its end; a rollback ends it (settling -> applied).
# Every process costs about a millisecond, on a node that has work to do: what a builtin can do no program is started for.
# Rolling back twice is harmless. The log ends with "end OUTCOME": applied, conflict, refused, busy, rolled-back, stuck.
# For tests: RF_ROOT stands for /, RF_FAIL_AT kills the worker at that step, RF_FAIL_HOOK is run at every step.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

rf_setup() {
  LC_ALL=C
  if [ -z "${RF_ROOT:-}" ]; then PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin; fi
  export LC_ALL PATH
  unset IFS ENV BASH_ENV
  umask 077
  set -uf
  trap '' HUP PIPE
  interrupted=0
  trap 'interrupted=1' INT TERM
  newline='
'
  root=
  if [ -n "${RF_ROOT:-}" ]; then root=$(cd -P "$RF_ROOT" && pwd -P) || exit 1; fi
  home=$root/var/lib/regfallback
  steps=0
  state=none
  boot=no
  armed=
  log=/dev/null
  while read -r key value _; do
    case $key in
      Uid:) uid=$value ;;
      Gid:) gid=$value ;;
    esac
  done </proc/self/status
  exec 8>/dev/null
  # Called by name within $( ), a function would cost one more process.
  if command -v sha256sum >/dev/null; then sums_of=sha256sum; else sums_of='openssl dgst -sha256 -r'; fi
}

say() { # never fails: a full disk must not change what happens
  { printf '%s\n' "$*" >>"$log"; } 2>/dev/null || :
  echo >&8
}
step() {
  steps=$((steps + 1))
  if [ -n "${RF_FAIL_HOOK:-}" ]; then "$RF_FAIL_HOOK" "$steps" "$1"; fi
  if [ "${RF_FAIL_AT:-0}" = "$steps" ]; then kill -"${RF_FAIL_SIGNAL:-9}" $$; fi
}
# fsync; old tools take no arguments and sync everything, which is slow and safe
flush() { sync "$@" 2>/dev/null || sync; }
nap() { sleep "$1" 2>/dev/null || sleep 1; }
uptime() { IFS='. ' read -r seconds _ </proc/uptime; }
limit() { # SECONDS COMMAND..., which a signal ends where the worker ignores it
  if command -v timeout >/dev/null; then (trap - INT TERM && exec timeout -k 5 "$@"); else
    shift
    "$@"
  fi </dev/null 8>&- 9>&-
}
because() { # why it failed, for the receipt and the log; the first reason counts
  if [ -z "$cause" ]; then
    cause=$*
    say "error $*"
  fi
  return 1
}

# What ends a session or a pod ends every process of its control groups, so a process that is to outlive it goes to the top of each
# hierarchy, which is of no session. Where none may be at the top, as in a container with cgroup v2, it goes into a group of our own.
leave_session() {
  groups=$root/sys/fs/cgroup
  set +f
  if [ -e "$groups/cgroup.controllers" ]; then set -- "$groups"; else set -- "$groups"/*; fi
  set -f
  for top; do
    if ! [ -w "$top/cgroup.procs" ] || { echo 0 >"$top/cgroup.procs"; } 2>/dev/null; then continue; fi
    { mkdir -p "$top/regfallback" && echo 0 >"$top/regfallback/cgroup.procs"; } 2>/dev/null
  done
}

# --- state ---

get_state() {
  state=none
  for name in staged committing settling applied rolling-back rolled-back stuck refused; do
    if [ -e "$txn/state.$name" ]; then state=$name; fi
  done
}
set_state() { # a rename: fails for whoever comes second, and only when it was not done: a shutdown signals the worker's children too
  if [ "$state" = "$1" ]; then return 0; fi
  (trap '' INT TERM && exec mv -f "$txn/state.$state" "$txn/state.$1") 2>/dev/null || return 1
  state=$1
  step "state $1"
  flush "$txn"
  step "state $1 durable"
}

# Who makes this file decides whether the transaction begins: its worker, once, or who asked for it too early (status.sh).
claim() {
  set -C
  { printf '' >"$txn/claim"; } 2>/dev/null
  claimed=$?
  set +C
  return "$claimed"
}

# --- lock ---

started() { # PID -> start: when it started, so that a number used again is told apart
  start=
  stat=
  { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086 # fields of stat
  set -- ${stat##*) }
  start=${20:-}
}
take_lock() { # ID [TRIES]
  started $$
  mine="$$ $start $1"
  tries=0
  exec 9>>"$home/lock"
  until try_lock; do
    tries=$((tries + 1))
    if [ "$tries" -gt "${2:-${RF_LOCK_TRIES:-100}}" ]; then return 1; fi
    nap 0.1
  done
  # For others to read; on a full disk the lock holds without it.
  { printf '%s\n' "$mine" >"$home/lock"; } 2>/dev/null || :
}
try_lock() {
  if [ -z "${RF_NO_FLOCK:-}" ] && command -v flock >/dev/null; then
    flock -n 9
    return
  fi
  if (set -C && printf '%s\n' "$mine" >"$home/lock.held") 2>/dev/null; then return 0; fi
  of_the_dead "$home/lock.held" || return 1
  dead=$held
  # One at a time takes it away, and only if it is still the one that was looked at: nobody's new lock is moved.
  if (set -C && printf '%s\n' "$mine" >"$home/lock.taking") 2>/dev/null; then
    if of_the_dead "$home/lock.held" && [ "$held" = "$dead" ]; then rm -f "$home/lock.held"; fi
    rm -f "$home/lock.taking"
  elif of_the_dead "$home/lock.taking"; then rm -f "$home/lock.taking"; fi
  return 1
}
of_the_dead() { # FILE -> held: "PID START ID", whose process is not there any more; one that is just being written is nobody's
  held=
  { IFS= read -r held <"$1"; } 2>/dev/null || return 1
  rest=${held#* }
  ! started "${held%% *}" || [ "$start" != "${rest%% *}" ]
}
release_lock() {
  : >"$home/lock"
  held=
  { IFS= read -r held <"$home/lock.held"; } 2>/dev/null
  if [ "$held" = "$mine" ]; then rm -f "$home/lock.held"; fi
  exec 9>&-
}

who_holds() { # -> described: the transaction that has the lock
  held=
  { read -r held <"$home/lock"; } 2>/dev/null
  describe "${held##* }"
}
settles() { # some transaction does -> settling: its ID
  set +f
  for past in "$home"/history/*/state.settling; do
    set -f
    settling=${past%/*}
    settling=${settling##*/}
    settling=${settling#*-}
    [ -e "$past" ]
    return
  done
}
is_wanted() { # DIRECTORY: its session lives; one without a session is just being made, or was answered to have never begun
  front='' begun=''
  { read -r front begun <"$1/front"; } 2>/dev/null
  [ -z "$front" ] || { started "$front" && [ "$start" = "$begun" ]; }
}
describe() { # ID -> described: of which run it is, what that does, who began it, and when
  run_id='' reason='' by='' since='' described="transaction $1"
  set +f
  for file in "$home/txn/$1/receipt" "$home"/history/[0-9]*-"$1"/receipt; do
    if ! [ -f "$file" ]; then continue; fi
    while IFS=' ' read -r key value; do
      case $key in
        run) run_id=$value ;;
        reason) reason=$value ;;
        by) by=$value ;;
        time) since=$value ;;
      esac
    done <"$file"
  done
  set -f
  if [ -n "$run_id" ]; then described="run $run_id"; fi
  described="$described${reason:+ ($reason)}${by:+ by $by}${since:+ since $since}"
}

# --- the transaction's files ---

load() { # ID
  id=$1
  txn=$home/txn/$id
  set +f
  for past in "$home"/history/[0-9]*-"$id"; do
    if [ -d "$past" ]; then txn=$past; fi
  done
  set -f
  log=$txn/log
  # Opened for both, so that nothing waits for a reader; a line each time fills no pipe.
  if [ -p "$txn/wake" ]; then exec 8<>"$txn/wake"; else exec 8>/dev/null; fi
  cause='' armed=
  restart=none service='' wait=60 settle=30 watch='' exe='' socket='' config='' before_health='' trials=''
  while IFS=' ' read -r key value; do
    case $key in
      restart) restart=$value ;;
      service) service=$value ;;
      wait) wait=$value ;;
      settle) settle=$value ;;
      watch) watch=$value ;;
      exe) exe=$value ;;
      socket) socket=$value ;;
      config) config=$value ;;
      trial) trials=$trials$value$newline ;;
    esac
  done 2>/dev/null <"$txn/settings"
  shared=
  if [ -f "$txn/shared" ]; then
    while IFS= read -r line; do shared=$shared$line$newline; done <"$txn/shared"
  fi
  case $wait in '' | *[!0-9]*) wait=60 ;; esac
  case $settle in '' | *[!0-9]*) settle=30 ;; esac
}
beside() { # PATH N new|old -> near
  near=${1%/*}/.rf-$id-
  IFS=$newline
  for line in $shared; do
    case $1 in "$line"/*) near=${line%/*}/.rf-$id/ ;; esac
  done
  unset IFS
  near=$near$2.$3
}
next_change() { # from 3, a manifest -> n op class mode owner group before after path target; fails at its end
  read -r n op mode owner group before after path <&3 || return 1
  class=${op#?}
  class=${class#:}
  op=${op%%:*}
  target=$root$path
}
# A path below a directory that is made (list `made`) or goes as a whole (list `whole`) is not handled by itself.
within() { # PATH LIST -> outer_n outer: the outermost such directory, for it is what is renamed
  outer=
  IFS=$newline
  for line in $2; do
    case $1 in "${line#* }"/*) ;; *) continue ;; esac
    case $outer in '' | "${line#* }"/*) outer_n=${line%% *} outer=${line#* } ;; esac
  done
  unset IFS
  [ -n "$outer" ]
}
marked() { # NAME -> list: "N PATH" lines of the directories with that mark
  list=
  while next_change; do
    if [ -e "$txn/$1.$n" ]; then list="$list$n $root$path$newline"; fi
  done 3<"$txn/manifest"
}
reverse() { # the manifest, last line first: the way back needs it when the disk may be full
  reversed=
  while IFS= read -r line <&3; do reversed=$line$newline$reversed; done 3<"$txn/manifest"
  printf '%s' "$reversed" >"$txn/manifest.rev"
}
sum() { # PATH -> found: checksum, "-" for nothing there, or what else it is
  if [ -L "$1" ]; then found="link"; elif [ -d "$1" ]; then found=directory; elif ! [ -e "$1" ]; then found=-; elif ! [ -f "$1" ]; then found=special; else
    found=$($sums_of "$1" 2>/dev/null)
    found=${found%% *}
  fi
}
