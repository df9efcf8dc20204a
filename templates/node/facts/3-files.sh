# The system, the files that matter, and what regfallback left here.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

rf_lines() { # like cat, for a few lines
  while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done
}

rf_uid() { # -> uid: who this shell is
  uid=
  while read -r key _ value _; do
    if [ "$key" = Uid: ]; then
      uid=$value
      break
    fi
  done 2>/dev/null </proc/self/status
  if [ -z "$uid" ]; then uid=$(id -u); fi
}

rf_system() {
  if [ "$RF_ASK" = no ]; then echo unasked; fi
  rf_uid
  hostname='' kernel=''
  { IFS= read -r hostname <"$proc/sys/kernel/hostname"; } 2>/dev/null
  { IFS= read -r kernel <"$proc/sys/kernel/osrelease"; } 2>/dev/null
  { IFS= read -r arch </proc/sys/kernel/arch; } 2>/dev/null || arch=$(uname -m)
  printf 'hostname %s\nkernel %s\narch %s\n' "$hostname" "$kernel" "$arch"
  if [ -d ./run/systemd/system ]; then echo init systemd; elif [ -d ./run/openrc ]; then echo init openrc; else echo init other; fi
  printf 'uid %s\n' "$uid"
  if [ -e ./.dockerenv ] || [ -e ./run/.containerenv ] || [ -e ./run/systemd/container ]; then echo container yes; fi
  file=./etc/os-release
  if ! [ -r "$file" ]; then file=./usr/lib/os-release; fi
  if [ -r "$file" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in [A-Z]*=*) printf 'os %s\n' "$line" ;; esac
    done <"$file"
  fi
  for tool in crictl ctr curl wget openssl snap systemctl systemd-run flock sha256sum base64 timeout nerdctl docker podman kubectl; do
    if command -v "$tool" >/dev/null; then
      printf 'tool %s ' "$tool"
      command -v "$tool"
    fi
  done
}

# --- files ---

rf_take() { # PATH: every symbolic link on the way is printed once; what is no link is added to `found`
  case $1 in *"$newline"* | *\\*) return 0 ;; esac
  case $seen in *"$newline$1$newline"*) return 0 ;; esac
  count=$((count + 1))
  if [ "$count" -gt 3000 ]; then
    if [ "$count" = 3001 ]; then printf 'truncated %s\n' "$1"; fi
    return 0
  fi
  rest=${1#./} done=.
  while [ -n "$rest" ]; do
    part=${rest%%/*}
    case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
    case $part in
      '' | .) continue ;;
      ..)
        case $done in */*) done=${done%/*} ;; esac
        continue
        ;;
    esac
    done=$done/$part
    case $seen in *"$newline$done$newline"*) continue ;; esac
    seen=$seen$done$newline
    if [ -L "$done" ]; then
      target=$(readlink "$done")
      case $target in *"$newline"*) target=${target%%"$newline"*} ;; esac
      printf 'link %s\ntarget %s\n' "$done" "$target"
      case $target in /*) pending=$pending.$target$newline ;; *) pending=$pending${done%/*}/$target$newline ;; esac
    elif [ -z "$rest" ] && [ -e "$done" ]; then
      found=$found$done$newline
    elif [ -d "$done" ]; then
      found=$found$done$newline
    fi
  done
}

rf_expand() { # globs -> every path that exists, through rf_take
  IFS=$newline
  for glob in $1; do
    set +f
    for path in .$glob; do
      if [ -e "$path" ] || [ -L "$path" ]; then rf_take "$path"; fi
    done
    set -f
  done
  unset IFS
  steps=0
  while [ -n "$pending" ] && [ "$steps" -lt 200 ]; do
    steps=$((steps + 1))
    path=${pending%%"$newline"*}
    pending=${pending#*"$newline"}
    if [ -e "$path" ] || [ -L "$path" ]; then rf_take "$path"; fi
  done
}

rf_files() { # stdin: what stat says of each path
  set --
  total=0
  # A name may end in a blank.
  while IFS= read -r path; do
    mode=${path%% *} path=${path#* }
    uid=${path%% *} path=${path#* }
    gid=${path%% *} path=${path#* }
    size=${path%% *} path=${path#* }
    printf 'inode %s %s %s %s %s\n' "$mode" "$uid" "$gid" "$size" "$path"
    case $mode in 8*) ;; *) continue ;; esac
    if ! [ -r "$path" ]; then
      printf 'unreadable %s\n' "$path"
    elif [ "$size" -gt 262144 ] || [ $((total + size)) -gt 4194304 ]; then
      printf 'truncated %s\n' "$path"
    else
      total=$((total + size))
      set -- "$@" "$path"
    fi
  done
  if [ $# = 0 ]; then return 0; fi
  echo sums
  rf_sums "$@"
  echo .
  echo content
  cat "$@" | rf_encode
  echo .
}

rf_tree() {
  seen=$newline found='' pending='' count=0
  rf_expand "$RF_GLOBS$extra"
  IFS=$newline
  # shellcheck disable=SC2086 # one path a line
  set -- $found
  unset IFS
  if [ $# != 0 ]; then stat -c '%f %u %g %s %n' "$@" 2>/dev/null | rf_files; fi
}

# --- what regfallback left here ---

rf_traces() { # "trace PATH" for each thing of ours, the configuration apart
  units=./etc/systemd/system
  set +f
  for trace in ./var/lib/regfallback "$units/regfallback-recover.service" "$units/multi-user.target.wants/regfallback-recover.service" \
    ./sys/fs/cgroup/regfallback ./sys/fs/cgroup/*/regfallback; do
    if [ -e "$trace" ] || [ -L "$trace" ]; then echo "trace $trace"; fi
  done
  set -f
}
rf_under_way() { # ID: its receipt
  set +f
  for file in "$home/txn/$1/receipt" "$home"/history/[0-9]*-"$1"/receipt; do
    if ! [ -f "$file" ]; then continue; fi
    echo under-way
    rf_lines <"$file"
    echo .
    break
  done
  set -f
}
rf_receipts() {
  home=./var/lib/regfallback
  if ! [ -r "$home" ]; then return 0; fi
  under_way=
  set +f
  for file in "$home"/history/[0-9]*/receipt; do
    if ! [ -f "$file" ]; then continue; fi
    dir=${file%/receipt}
    sequence=${dir##*/}
    for result in "$dir"/state.*; do :; done
    printf 'receipt %s %s\n' "${sequence%%-*}" "${result##*/state.}"
    rf_lines <"$file"
    if [ -f "$dir/cause" ]; then rf_lines <"$dir/cause"; fi
    echo .
  done
  if [ -f "$home/active" ]; then
    id=
    IFS= read -r id <"$home/active"
    state=none
    for file in "$home/txn/$id"/state.* "$home"/history/[0-9]*-"$id"/state.*; do
      if [ -e "$file" ]; then state=${file##*/state.}; fi
    done
    # One that settles is applied; its receipt says the rest.
    if [ "$state" != settling ]; then
      printf 'unfinished %s %s\n' "$id" "$state"
      under_way=$id
    fi
  fi
  set -f
  if [ -s "$home/lock" ]; then
    IFS= read -r line <"$home/lock"
    holder=${line%% *}
    # "PID STARTTIME ID": alive when that process is the one that started then
    start=${line#* }
    stat=
    case $holder in '' | *[!0-9]*) holder=0 ;; esac
    # The worker of a node tree is a process of this machine.
    { IFS= read -r stat <"/proc/$holder/stat"; } 2>/dev/null
    # shellcheck disable=SC2086 # fields of stat
    set -- ${stat##*) }
    if [ -n "${20:-}" ] && [ "${20}" = "${start%% *}" ]; then 
      printf 'busy %s\n' "${start#* } (pid $holder)"
      under_way=${start#* }
    fi
  fi
  if [ -n "$under_way" ]; then rf_under_way "$under_way"; fi
}
