# Removes what regfallback keeps on this node: its state directory and its boot unit. The configuration of the runtime stays as it is. After
# the first part of the worker. Given: RF_NEWEST (id of the newest applied transaction, "" for none: with another one nothing is removed).
# May be repeated. Prints "error TEXT", and "end applied", "end conflict", "end busy" or "end refused".
# shellcheck shell=sh disable=SC2154,SC2317 # given, and used in the worker
rf_end() {
  echo "end $1"
  exit 0
}
rf_unit() { # after it is removed, systemd may still know it
  unit=$root/etc/systemd/system/regfallback-recover.service
  wants=$root/etc/systemd/system/multi-user.target.wants/regfallback-recover.service
  if ! [ -e "$unit" ] && ! [ -L "$wants" ]; then return 0; fi
  rm -f "$wants" "$unit" || return 1
  step "unit removed"
  if [ -n "$root" ] || ! [ -d /run/systemd/system ]; then return 0; fi
  case $(limit 10 systemctl show -p LoadState regfallback-recover.service) in
    *=loaded) limit 30 systemctl daemon-reload || echo "warn systemd could not be reloaded without $unit: run systemctl daemon-reload" ;;
  esac
}
rf_wait() { # for the worker of the transaction before this, and its watchdog, which end by themselves
  tries=0
  while [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    if rf_quiet; then return 0; fi
    nap 0.1
  done
  echo "warn units or control groups named regfallback still exist"
}
rf_quiet() {
  set +f
  for group in "$root"/sys/fs/cgroup/regfallback "$root"/sys/fs/cgroup/*/regfallback; do
    if [ -d "$group" ]; then rmdir "$group" 2>/dev/null || return 1; fi
  done
  set -f
  if [ -n "$root" ] || ! [ -d /run/systemd/system ]; then return 0; fi
  [ -z "$(limit 10 systemctl list-units --all --plain --no-legend 'regfallback-txn-*' 'regfallback-watchdog-*' 2>/dev/null)" ]
}
rf_newest() { # -> newest
  newest=
  set +f
  for past in "$home"/history/[0-9]*; do
    if [ -e "$past/state.applied" ] || [ -e "$past/state.settling" ]; then newest=${past##*/}; fi
  done
  set -f
  newest=${newest#*-}
}
rf_check() { # nobody works here, and nothing was applied since this was decided
  if [ -e "$home/active" ]; then
    read -r active <"$home/active"
    describe "$active"
    echo "error $described is unfinished"
    rf_end busy
  fi
  set +f
  for entry in "$home"/txn/*; do
    set -f
    if ! [ -f "$entry/front" ] || ! is_wanted "$entry"; then continue; fi
    describe "${entry##*/}"
    echo "error $described is under way"
    rf_end busy
  done
  set -f
  rf_newest
  if [ "$newest" != "$RF_NEWEST" ]; then
    describe "$newest"
    echo "error $described was applied meanwhile"
    rf_end conflict
  fi
}
rf_main() {
  (
    rf_setup
    if [ -z "$root" ] && [ "$uid" != 0 ]; then
      echo "error only root may change this node"
      rf_end refused
    fi
    if [ -L "$home" ]; then
      echo "error $home is a link; it must be a directory that belongs to root"
      rf_end refused
    fi
    if [ -d "$home" ]; then
      if ! take_lock remove; then
        who_holds
        echo "error $described is under way"
        rf_end busy
      fi
      rf_check
    fi
    rf_wait
    rf_unit || {
      echo "error the boot unit could not be removed"
      rf_end refused
    }
    if [ -d "$home" ]; then
      # What was applied here is forgotten at once, or not at all.
      if [ -d "$home/history" ]; then mkdir -p "$home/txn" && mv "$home/history" "$home/txn/forgotten"; fi
      step forgotten
      if ! rm -rf "$home"; then
        echo "error $home could not be removed"
        rf_end refused
      fi
      step removed
    fi
    rf_end applied
  )
}
rf_main
