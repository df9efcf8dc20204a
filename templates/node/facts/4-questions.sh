# What programs must be asked for; and the order of it all. The last line calls it.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

# --- what takes time, asked at once; each line is one write ---

rf_limit() { # SECONDS COMMAND...
  if command -v timeout >/dev/null; then timeout "$@"; else
    shift
    "$@"
  fi </dev/null 2>/dev/null
}
rf_version() { # RECORD EXE ARGUMENT
  line=$(rf_limit 10 "$2" "$3")
  line=${line%%"$newline"*}
  if [ -n "$line" ]; then printf '%s %s\n' "$1" "$line"; fi
}
rf_plugins() { # PID EXE
  address=${addresses##*"$newline$1 "}
  address=${address%%"$newline"*}
  if ! [ -S ".$address" ] && [ -z "${RF_ROOT:-}" ]; then return 0; fi
  if [ -x "${2%/*}/ctr" ]; then ctr=${2%/*}/ctr; elif command -v ctr >/dev/null; then ctr=ctr; else ctr=; fi
  if [ -n "$ctr" ]; then
    rf_limit 10 "$ctr" -a "$address" plugins ls
  elif command -v k0s >/dev/null; then rf_limit 10 k0s ctr -a "$address" plugins ls; fi | while read -r type id rest; do
    case $type.$id in
      io.containerd.grpc.v1.cri | io.containerd.cri.*) printf 'plugin %s %s %s\n' "$1" "$type.$id" "${rest##* }" ;;
    esac
  done
}
rf_services() {
  if ! [ -d ./run/systemd/system ]; then return 0; fi
  IFS=$newline
  # shellcheck disable=SC2086 # one unit a line
  set -- $RF_UNITS
  unset IFS
  if [ $# = 0 ]; then return 0; fi
  rf_limit 10 systemctl show -p Id,LoadState,ActiveState,UnitFileState "$@" | {
    unit='' load='' active='' enabled=''
    while :; do
      line=
      IFS= read -r line
      more=$?
      case $line in
        Id=*) unit=${line#*=} ;;
        LoadState=*) load=${line#*=} ;;
        ActiveState=*) active=${line#*=} ;;
        UnitFileState=*) enabled=${line#*=} ;;
        '')
          if [ -n "$unit" ] && [ "$load" != not-found ]; then printf 'service %s %s %s\n' "$unit" "${active:--}" "${enabled:--}"; fi
          unit='' load='' active='' enabled=''
          ;;
      esac
      if [ "$more" != 0 ]; then break; fi
    done
  }
}
rf_sudo_log() { # what sudo keeps of sessions as this one, which pass through it with every file they read and write
  if [ -z "${SUDO_USER:-}" ] || ! command -v sudo >/dev/null; then return 0; fi
  rf_limit 10 sudo -n -l -U "$SUDO_USER" | tr ', \t' '\n\n\n' | while IFS= read -r word; do
    case $word in
      log_input | log_stdin | LOG_INPUT:) echo 'sudo-log input' ;;
      log_output | log_stdout | LOG_OUTPUT:) echo 'sudo-log output' ;;
    esac
  done
}
rf_slow() {
  if [ "$RF_ASK" = no ]; then return 0; fi
  rf_services &
  rf_sudo_log &
  IFS=$newline
  for line in $runtimes; do
    unset IFS
    exe=${line#* }
    # In a node tree the runtime's path leads nowhere: the stand-in is found in PATH.
    if [ -n "${RF_ROOT:-}" ]; then exe=${exe##*/}; fi
    rf_version "containerd ${line%% *}" "$exe" --version &
    rf_plugins "${line%% *}" "$exe" &
  done
  unset IFS
  if [ -z "$runtimes" ] && command -v containerd >/dev/null; then rf_version 'version containerd' containerd --version & fi
  for name in k3s rke2; do
    if command -v "$name" >/dev/null; then rf_version "version $name" "$name" --version & fi
  done
  if command -v k0s >/dev/null; then rf_version 'version k0s' k0s version & fi
  wait
}

rf_main() {
  (
    LC_ALL=C
    PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin:/var/lib/rancher/rke2/bin
    export LC_ALL PATH
    unset IFS
    set -uf
    newline='
'
    separator=$(printf '\t\002')
    tab=${separator%?} separator=${separator#?}
    proc=${RF_ROOT:-}/proc
    extra=
    cd "${RF_ROOT:-}/" || exit 1
    echo facts 1
    rf_processes
    rf_slow | {
      rf_system
      rf_tree
      rf_traces
      rf_receipts
      # ends when the slow ones have ended
      rf_lines
    }
    echo end
  )
}
rf_main
