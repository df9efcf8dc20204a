# What the worker does in which order. The last line calls it: a file cut short does nothing.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

# --- the end of a transaction ---

end() { # OUTCOME
  say "end $1"
  step "end $1"
}
get_active() { # -> active: the ID that must not stay unfinished, or ""
  active=
  { IFS= read -r active <"$home/active"; } 2>/dev/null || :
}
refuse() { # OUTCOME: nothing was changed
  discard
  mv -f "$txn/state.$state" "$txn/state.refused" 2>/dev/null || : >"$txn/state.refused"
  get_active
  if [ "$active" = "$id" ]; then rm -f "$home/active"; fi
  end "$1"
}
remember() { # for good
  if [ -n "$cause" ]; then printf 'cause %s\n' "$cause" >"$txn/cause"; fi
  enter_history && forget
}
enter_history() { # the name gives the order, whatever the clock says
  case $txn in "$home"/history/*) return 0 ;; esac
  if ! [ -d "$home/history" ]; then mkdir -p "$home/history"; fi
  last=0
  set +f
  for entry in "$home"/history/[0-9]*; do
    number=${entry##*/}
    number=${number%%-*}
    while :; do case $number in 0?*) number=${number#0} ;; *) break ;; esac done
    case $number in '' | *[!0-9]*) continue ;; esac
    if [ "$number" -gt "$last" ]; then last=$number; fi
  done
  set -f
  number=000000$((last + 1))
  while [ ${#number} -gt 6 ]; do number=${number#?}; done
  mv "$txn" "$home/history/$number-$id" || return 1
  txn=$home/history/$number-$id
  log=$txn/log
  step remembered
  flush "$home/history" "$home/txn"
}
forget() { # what the finished transaction txn needs no longer; what marks it as unfinished goes last
  read_watchdog
  set -- "$txn/contents" "$txn/preview.toml" "$txn/new" "$txn/wake" "$txn/watchdog" "$txn/watch" "$txn/health" "$txn/shared"
  if ! [ -e "$txn/state.applied" ]; then set -- "$@" "$txn/old"; fi
  rm -rf "$@" "$home/active"
  step forgotten
}
prune() { # the last ten stay, and always the first one that was applied
  applied=''
  set --
  set +f
  for entry in "$home"/history/[0-9]*; do
    if ! [ -d "$entry" ]; then continue; fi
    if [ -z "$applied" ] && [ -e "$entry/state.applied" ]; then
      applied=$entry
      continue
    fi
    set -- "$@" "$entry"
  done
  set -f
  while [ $# -gt 10 ]; do
    if [ -e "$1/state.applied" ] && ! inherit "$1" "$applied"; then return 0; fi
    rm -rf "$1"
    shift
  done
}
# What the first one replaced is what the node was before us. A later one that goes hands over what only it knows of that.
inherit() { # FROM TO
  cat "$2/manifest" >"$2/manifest.both" || return 1
  while next_change; do
    known=no
    while read -r _ _ _ _ _ _ _ other <&4; do if [ "$other" = "$path" ]; then known=yes; fi; done 4<"$2/manifest"
    if [ "$known" = yes ]; then continue; fi
    next=${1##*/}-$n
    if [ -e "$1/old/$n" ]; then cp -p "$1/old/$n" "$2/old/$next" || return 1; fi
    printf '%s %s %s %s %s %s %s %s\n' "$next" "$op${class:+:$class}" "$mode" "$owner" "$group" "$before" "$after" "$path" >>"$2/manifest.both" || return 1
  done 3<"$1/manifest"
  flush "$2/manifest.both" "$2/old" && mv -f "$2/manifest.both" "$2/manifest" && flush "$2"
}
roll_back() {
  say "step rollback"
  files=bad
  if put_back; then files=good; fi
  if [ "$files" = good ]; then
    # No service starts any more; the boot unit ends it.
    if [ "$boot" = no ] && [ -e "$txn/restarted" ] && shutting_down; then exit 1; fi
    if service_again; then
      set_state rolled-back
      remember rolled-back && prune
      end rolled-back
      return 0
    fi
    say "error the files are as they were, but $why"
    cause="$cause; the files are as they were, but $why"
    set_state stuck
    remember stuck
    end stuck
    return 1
  fi
  # Some path is neither old nor new. The next run tries again.
  set_state stuck
  end stuck
  return 1
}
conclude() { # it is applied, and its old files go
  say "step finish"
  clean
  remember applied
  prune
  end applied
}
# The runtime was well after its restart, and a session may go. Until it has stayed so, the old files are kept and the transaction is active.
settle() {
  enter_history
  watched=0
  if [ "$boot" = no ]; then
    { IFS=' ' read -r ends restarts born <"$txn/watch"; } 2>/dev/null || { get_sample; begin_watch; }
    say "settling $settle"
    watch
    watched=$?
  fi
  if [ "$watched" = 1 ] && ! shutting_down && set_state rolling-back; then
    because "within $settle s of its restart $why"
    { printf 'cause %s\n' "$cause" >"$txn/cause"; } 2>/dev/null
    roll_back
  elif [ "$watched" = 0 ] && set_state applied; then
    conclude
  else
    # A rollback ended it; or the machine goes down, or this process has to: then the boot unit or the next run goes on.
    get_state
    if [ "$state" != applied ]; then exit 1; fi
    conclude
  fi
}
shutting_down() { [ "$(limit 5 systemctl is-system-running 2>/dev/null)" = stopping ]; }

# --- the watchdog ---

arm() { # a timer of systemd's, whatever happens to this process and to its session; else a process of our own
  lasts=$((wait * 3 + 120 + settle))
  # Minutes have passed by then: is it still the worker? systemd takes ${NAME} for a variable of its own.
  # shellcheck disable=SC2016 # its own variables
  checked='cd "$0/lib" && { ! command -v sha256sum || sha256sum -c sum; } >&2 && exec /bin/sh ./worker.sh recover'
  if [ -z "$root" ] && [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
    if limit 20 systemd-run --quiet --collect --unit="regfallback-watchdog-$id" --on-active="$lasts" --timer-property=AccuracySec=1s \
      /bin/sh -c "$checked" "$home" >/dev/null 2>&1; then
      echo systemd >"$txn/watchdog"
      return 0
    fi
  fi
  say "warn there is no systemd to watch over this: the watchdog is weak, and a power cut is noticed only by the next run"
  # shellcheck disable=SC2016 # its own variables
  detach /bin/sh -c 'sleep "$1"; '"$checked" "$home" "$lasts"
  echo "$!" >"$txn/watchdog"
}
detach() {
  {
    leave_session
    if command -v setsid >/dev/null; then exec setsid "$@"; else exec "$@"; fi
  } </dev/null >/dev/null 2>&1 9>&- &
}
read_watchdog() { # -> armed
  if [ -z "$armed" ]; then { read -r armed <"$txn/watchdog"; } 2>/dev/null; fi
}
disarm() {
  read_watchdog
  case $armed in
    systemd) limit 20 systemctl stop "regfallback-watchdog-$id.timer" >/dev/null 2>&1 ;;
    '' | *[!0-9]*) ;;
    *) kill -15 "-$armed" 2>/dev/null || kill "$armed" 2>/dev/null ;;
  esac
  armed=
}

# --- run ---

prepare() { # -> 0, or 1 with `outcome`
  outcome=refused
  say "step check"
  read_mounts
  check_manifest && check_directories || return 1
  warn_of_volatile
  outcome=conflict
  check_unchanged || return 1
  outcome=refused
  printf '%s\n' "$id" >"$home/active" || because "the state directory cannot be written" || return 1
  step active
  say "step stage"
  reverse || because "the state directory cannot be written" || return 1
  # Whatever is staged can be found and removed after a power cut.
  flush "$txn/manifest" "$txn/manifest.rev" "$txn/settings" "$txn/receipt" "$txn" "$home/active" "$home/txn" "$home" ||
    because "the state directory cannot be written" || return 1
  step marked
  arm &
  armer=$!
  find_ctr
  asker=
  if [ "$restart" != none ]; then
    { get_health && printf '%s\n' "$health" >"$txn/health"; } &
    asker=$!
  fi
  stage || because "staging failed; is a disk full?" || return 1
  say "step validate"
  validate || return 1
  if [ -n "$asker" ]; then
    wait "$asker"
    before_health=
    { read -r before_health <"$txn/health"; } 2>/dev/null || because "the state directory cannot be written" || return 1
  fi
  wait "$armer"
  step armed
  if [ "$interrupted" = 1 ]; then because "interrupted" || return 1; fi
}
activate() { # -> reached: the state it is in when all is well
  reached=applied
  if [ "$restart" = none ]; then return 0; fi
  reached=settling
  say "step restart"
  : >"$txn/restarted" && flush "$txn" || because "the state directory cannot be written" || return 1
  if ! restart_service; then because "restarting $service failed: $said" || return 1; fi
  if [ "$interrupted" = 1 ]; then because "interrupted" || return 1; fi
  say "step health"
  await_health || because "after the restart $why" || return 1
  begin_watch
  rank "$health"
  if [ "$rank" = 1 ]; then say "warn the runtime cannot be asked how its plugins are: its process and socket are all that is known"; fi
}
# A rollback does not wait until what it takes back has settled.
end_watches() {
  if [ "$watch" != ends ]; then return 0; fi
  set +f
  for past in "$home"/history/*/state.settling; do mv -f "$past" "${past%settling}applied" 2>/dev/null; done
  set -f
}
settles() { # some transaction does
  set +f
  for past in "$home"/history/*/state.settling; do
    set -f
    [ -e "$past" ]
    return
  done
}
lock() { # ID. A watch is waited for until it ends; other work not as long.
  end_watches
  if settles; then say "step wait"; fi
  while settles; do
    # Whoever watched may be dead; recovery goes on with it.
    if take_lock "$1" 0; then return 0; fi
    nap 1
  done
  take_lock "$1"
}
run() { # ID
  load "$1"
  if ! [ -f "$txn/manifest" ] || ! [ -f "$txn/settings" ]; then exit 1; fi
  started $$
  if ! claim; then
    # Somebody was told already that it never began; or another worker has it, whose log this is.
    if [ -e "$txn/state.refused" ]; then
      say "error somebody was told already that it never began"
      end refused
    fi
    return
  fi
  say "worker $$ $start"
  if ! lock "$1"; then
    held=
    { read -r held <"$home/lock"; } 2>/dev/null
    say "error another transaction runs (${held#* * })"
    : >"$txn/state.refused"
    end busy
    return
  fi
  recover_active
  load "$1"
  if [ -f "$home/active" ]; then
    get_active
    say "error an earlier transaction ($active) could not be put back; look at $home"
    : >"$txn/state.refused"
    end refused
    release_lock
    return
  fi
  collect_garbage "$1"
  : >"$txn/state.staged"
  get_state
  step begun
  if ! prepare; then
    wait
    refuse "$outcome"
  elif say "step commit" && commit && activate && set_state "$reached"; then
    if [ "$state" = settling ]; then settle; else conclude; fi
  else
    because "the change could not be completed"
    roll_back
  fi
  release_lock
  disarm
}

# --- recover ---

recover_active() {
  if ! [ -f "$home/active" ]; then return 0; fi
  id=
  read -r id <"$home/active"
  case $id in '' | *[!A-Za-z0-9-]*) id=none ;; esac
  load "$id"
  if ! [ -f "$txn/manifest" ]; then
    rm -f "$home/active"
    return 0
  fi
  { read -r before_health <"$txn/health"; } 2>/dev/null
  find_ctr
  get_state
  case $state in
    none | staged)
      cause="interrupted before anything was changed"
      [ -f "$txn/manifest.rev" ] || reverse
      refuse refused
      ;;
    refused) rm -f "$home/active" ;;
    settling) settle ;;
    applied) conclude ;;
    rolled-back)
      remember rolled-back
      end rolled-back
      ;;
    *)
      { read -r _ cause <"$txn/cause"; } 2>/dev/null
      because "the worker died while it was $state"
      roll_back
      ;;
  esac
  disarm
}
is_wanted() { # DIRECTORY: its session lives; one without a session is just being made, or was answered to have never begun
  front='' begun=''
  { read -r front begun <"$1/front"; } 2>/dev/null
  [ -z "$front" ] || { started "$front" && [ "$start" = "$begun" ]; }
}
collect_garbage() { # what runs left that never came to a worker, or were refused
  get_active
  set +f
  for entry in "$home"/txn/*; do
    if ! [ -d "$entry" ] || [ "${entry##*/}" = "$1" ] || [ "${entry##*/}" = "$active" ]; then continue; fi
    if [ "$boot" = no ] && is_wanted "$entry"; then continue; fi
    rm -rf "$entry"
  done
  set -f
}

rf_worker() {
  rf_setup
  case $1 in
    run)
      if [ "${3:-}" = session ]; then leave_session; fi
      run "$2"
      ;;
    recover | boot)
      if [ "$1" = boot ]; then boot=yes; fi
      if [ "$boot" = no ] && ! [ -f "$home/active" ]; then return 0; fi
      if take_lock "$1"; then
        recover_active
        if [ "$boot" = yes ]; then collect_garbage ''; fi
        release_lock
      fi
      ;;
  esac
}
rf_worker "$@"
