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
  if enter_history; then
    prune
    forget
  fi
}
forget() { # what the finished transaction txn needs no longer; what marks it as unfinished goes last
  read_watchdog
  set -- "$txn/contents" "$txn/trial.toml" "$txn/new" "$txn/wake" "$txn/watchdog" "$txn/watch" "$txn/health" "$txn/shared"
  if ! [ -e "$txn/state.applied" ]; then set -- "$@" "$txn/old"; fi
  rm -rf "$@" "$home/active"
  step forgotten
}
roll_back() {
  say "step rollback"
  files=bad
  # This way is gone to its end; what it starts ignores these signals too.
  trap '' INT TERM
  if put_back; then files=good; fi
  trap 'interrupted=1' INT TERM
  if [ "$files" = good ]; then
    # No service starts any more; the boot unit ends it.
    if [ "$boot" = no ] && [ -e "$txn/restarted" ] && shutting_down; then exit 1; fi
    if service_again; then
      set_state rolled-back
      remember
      end rolled-back
      return 0
    fi
    if [ "$interrupted" = 1 ] && shutting_down; then exit 1; fi
    say "error the old files are restored, but $why"
    cause="$cause; the old files are restored, but $why"
    set_state stuck
    remember
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
  remember
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
shutting_down() {
  case $(limit 5 systemctl is-system-running 2>/dev/null) in
    stopping) return 0 ;;
    ?*) return 1 ;;
  esac
  # At its very end systemd answers nobody and becomes another program, which waits for every process.
  nap 1
  { read -r init <"$root/proc/1/comm"; } 2>/dev/null && [ "$init" = systemd-shutdow ]
}

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
  say "warn there is no systemd on this node: the watchdog is weak, and only the next run undoes a change after a power cut"
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
  stage || because "staging failed; check that no disk is full" || return 1
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
  if [ "$rank" = 1 ]; then say "warn the runtime cannot report the state of its plugins; only its process and socket were checked"; fi
}
# A rollback does not wait until what it takes back has settled.
end_watches() {
  if [ "$watch" != ends ]; then return 0; fi
  set +f
  for past in "$home"/history/*/state.settling; do mv -f "$past" "${past%settling}applied" 2>/dev/null; done
  set -f
}
lock() { # ID. A watch is waited for until it ends; other work not as long.
  end_watches
  if settles; then
    describe "$settling"
    say "step wait $described"
  fi
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
      say "error this transaction was already reported as never started"
      end refused
    fi
    return
  fi
  say "worker $$ $start"
  if ! lock "$1"; then
    who_holds
    say "error $described is under way"
    : >"$txn/state.refused"
    end busy
    return
  fi
  recover_active
  load "$1"
  if [ -f "$home/active" ]; then
    get_active
    say "error an earlier transaction ($active) could not be undone; see $home"
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
      remember
      end rolled-back
      ;;
    *)
      { read -r _ cause <"$txn/cause"; } 2>/dev/null
      because "the worker died in the state $state"
      roll_back
      ;;
  esac
  disarm
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
