# Facts: reads what matters about this node in one go and changes nothing. POSIX sh; works as root, and honestly less as anyone else.
# Given before this text: RF_GLOBS and RF_UNITS, words separated by newlines (paths to read, systemd units to ask for).
# RF_ROOT, when set, stands for / (a node tree built for tests, with its own proc/).
#
# What is printed, one record a line, fields separated by one space, the last field runs to the end of the line:
#   facts 1                               first line: version of this format
#   hostname|kernel|arch|init|uid VALUE   container yes
#   os KEY=VALUE                          a line of os-release as it stands
#   process PID NAME                      a process that tells something; NAME is its name without a path
#   exe PID PATH / parent PID PATH / unit PID UNIT / config PID PATH / address PID PATH / arg PID TEXT
#                                         about it; arg repeats, in order
#   tool NAME PATH
#   link PATH / target TEXT               a symbolic link, and (next line) what it points to, as written
#   inode MODE UID GID SIZE PATH          MODE as hexadecimal st_mode
#   truncated PATH                        too large to be read, or one file too many
#   unreadable PATH
#   sums ... .                            a block: "SHA256  PATH" for every file whose content follows, in order
#   content ... .                         a block: the contents of those files, one after the other, as one base64 text
#   receipt SEQUENCE RESULT ... .         a block: the lines of a receipt
#   unfinished ID STATE / busy TEXT
#   version NAME TEXT / containerd PID TEXT     what `--version` printed
#   plugin PID TYPE.ID STATE                    from `ctr plugins ls`, rows of the CRI only
#   service UNIT ACTIVE ENABLED                 "-" for an empty field
#   endpoint TEXT / endpoint-source TEXT  the kubelet's, in saved facts only: it follows from the rest
#   masked SHA256 PATH                    in saved facts only: the checksum on the node of a file whose secrets are masked
#   end                                   last line: nothing is missing
# Paths begin with ./ (they are relative to the root). Paths with a newline or a backslash are left out.

rf_name_of() { # PID -> name, for the processes that tell something
  name=
  { IFS= read -r name <"$proc/$1/comm"; } 2>/dev/null || return 1
  case $name in
    containerd | kubelet | kubelite | k3s | rke2 | k0s | k8sd | dockerd | crio | cri-dockerd) ;;
    k3s-server | k3s-agent) name=k3s ;;
    *) return 1 ;;
  esac
  # A process of a container (a KIND node on its Docker host) is another node's. Only root may look; who may not takes it as its own.
  # shellcheck disable=SC3013 # dash, busybox and bash have -ef
  if [ -e "$proc/$1/ns/pid" ] && ! [ "$proc/$1/ns/pid" -ef "$proc/self/ns/pid" ]; then return 1; fi
}

rf_unit_of() { # PID -> unit: the innermost systemd service of its cgroup
  unit=
  while IFS= read -r group; do
    case $group in
      0::* | *:name=systemd:*)
        while :; do
          case ${group##*/} in *.service)
            unit=${group##*/}
            break
            ;;
          esac
          case $group in */*) group=${group%/*} ;; *) break ;; esac
        done
        ;;
    esac
    if [ -n "$unit" ]; then break; fi
  done <"$proc/$1/cgroup"
} 2>/dev/null

rf_hosts_globs() { extra="$extra$newline$1$newline$1/*$newline$1/*/*"; }

rf_quoted() { # TEXT -> quoted: the strings in it, one a line
  quoted=
  text=$1
  while :; do
    case $text in
      *[\"\']*)
        text=${text#*[\"\']}
        quoted=$quoted${text%%[\"\']*}$newline
        case $text in *[\"\']*) text=${text#*[\"\']} ;; *) break ;; esac
        ;;
      *) break ;;
    esac
  done
}

rf_scan() { # FILE DIRECTORY: a config.toml's hosts directories, and the files it imports, are read too
  if ! [ -r ".$1" ]; then return 0; fi
  imports=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      *config_path*=*[\"\']/*)
        rf_quoted "${line#*=}"
        IFS=:$newline
        for word in $quoted; do rf_hosts_globs "$word"; done
        unset IFS
        ;;
      *imports*=*[\"\']*)
        rf_quoted "${line#*=}"
        imports=$imports$quoted
        ;;
    esac
  done <".$1"
  IFS=$newline
  for word in $imports; do
    case $word in /*) ;; *) word=$2/$word ;; esac
    extra="$extra$newline$word"
    set +f
    for file in .$word; do
      set -f
      unset IFS
      # What an imported file imports in turn is seen in a second look, if at all.
      if [ -z "${scanned:-}" ] && [ -r "$file" ]; then
        scanned=yes
        rf_scan "${file#.}" "${word%/*}"
        scanned=
      fi
      IFS=$newline
    done
  done
  unset IFS
}

rf_args_of() { # PID NAME: prints its arguments; config: the file it was started with; address: from its arguments, or ""
  args=$(head -c 65536 "$proc/$1/cmdline" 2>/dev/null | tr '\000\n' '\002 ')
  config='' address=''
  previous=
  IFS=$separator
  # shellcheck disable=SC2086 # split into arguments
  set -- "$1" "$2" $args
  unset IFS
  pid=$1 name=$2
  shift 2
  for arg; do
    printf 'arg %s %s\n' "$pid" "$arg"
    case $previous in
      --config | -c | -config) config=$arg ;;
      --address | -a | -address) address=$arg ;;
    esac
    case $arg in
      --config=* | -config=* | -c=*) config=${arg#*=} ;;
      --address=* | -a=* | -address=*) address=${arg#*=} ;;
    esac
    previous=$arg
  done
  if [ -z "$config" ] && [ "$name" = containerd ]; then config=/etc/containerd/config.toml; fi
  case $config in
    /*)
      printf 'config %s %s\n' "$pid" "$config"
      extra="$extra$newline$config"
      if [ "$name" = containerd ]; then
        rf_hosts_globs "${config%/*}/certs.d"
        rf_scan "$config" "${config%/*}"
      fi
      ;;
  esac
}

rf_address() { # -> address: where containerd listens, unless its arguments say so from its configuration
  if [ -z "$address" ] && [ -n "$config" ] && [ -r ".$config" ]; then
    section=
    while IFS= read -r line || [ -n "$line" ]; do
      while :; do case $line in ' '* | "$tab"*) line=${line#?} ;; *) break ;; esac; done
      case $line in
        '[grpc]'*) section=grpc ;;
        '['*) section= ;;
        address*=*[\"\']*)
          if [ "$section" = grpc ]; then
            address=${line#*[\"\']}
            address=${address%%[\"\']*}
          fi
          ;;
      esac
    done <".$config"
  fi
  if [ -z "$address" ]; then address=/run/containerd/containerd.sock; fi
}

rf_processes() { # prints them; runtimes, addresses: "PID EXE" and "PID ADDRESS" lines of containerd; ran: names seen
  runtimes='' addresses=
  ran=' '
  for pid in "$proc"/[0-9]*; do
    pid=${pid##*/}
    rf_name_of "$pid" || continue
    stat=
    { IFS= read -r stat <"$proc/$pid/stat"; } 2>/dev/null || continue
    stat=${stat##*) }
    case $stat in Z* | X*) continue ;; esac
    stat=${stat#* }
    exe=$(readlink "$proc/$pid/exe" 2>/dev/null)
    exe=${exe% (deleted)}
    printf 'process %s %s\nexe %s %s\n' "$pid" "$name" "$pid" "$exe"
    ran="$ran$name "
    rf_unit_of "$pid" && if [ -n "$unit" ]; then printf 'unit %s %s\n' "$pid" "$unit"; fi
    if [ "$name" = containerd ]; then
      printf 'parent %s %s\n' "$pid" "$(readlink "$proc/${stat%% *}/exe" 2>/dev/null)"
    fi
    rf_args_of "$pid" "$name"
    if [ "$name" = containerd ]; then
      rf_address
      runtimes="$runtimes$pid $exe$newline"
      addresses="$addresses$newline$pid $address$newline"
    fi
  done
}

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
  rf_uid
  hostname='' kernel=''
  { IFS= read -r hostname <"$proc/sys/kernel/hostname"; } 2>/dev/null
  { IFS= read -r kernel <"$proc/sys/kernel/osrelease"; } 2>/dev/null
  printf 'hostname %s\nkernel %s\narch %s\n' "$hostname" "$kernel" "$(uname -m)"
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

rf_sums() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else openssl dgst -sha256 -r "$@"; fi 2>/dev/null
}
rf_encode() {
  if command -v base64 >/dev/null; then base64; else openssl base64; fi
}

rf_files() { # stdin: what stat says of each path
  set --
  total=0
  while read -r mode uid gid size path; do
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

rf_receipts() {
  home=./var/lib/regfallback
  if ! [ -r "$home" ]; then return 0; fi
  set +f
  for file in "$home"/history/[0-9]*/receipt; do
    if ! [ -f "$file" ]; then continue; fi
    dir=${file%/receipt}
    sequence=${dir##*/}
    for result in "$dir"/state.*; do :; done
    printf 'receipt %s %s\n' "${sequence%%-*}" "${result##*/state.}"
    if [ -f "$dir/cause" ]; then cat "$file" "$dir/cause"; else cat "$file"; fi
    echo .
  done
  if [ -f "$home/active" ]; then
    id=
    IFS= read -r id <"$home/active"
    state=none
    for file in "$home/txn/$id"/state.*; do state=${file##*/state.}; done
    printf 'unfinished %s %s\n' "$id" "$state"
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
    if [ -n "${20:-}" ] && [ "${20}" = "${start%% *}" ]; then printf 'busy %s\n' "${start#* } (pid $holder)"; fi
  fi
}

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
  printf 'address %s %s\n' "$1" "$address"
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
rf_slow() {
  rf_services &
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
    set +f
    rf_processes
    set -f
    rf_slow | {
      rf_system
      rf_tree
      rf_receipts
      # ends when the slow ones have ended
      rf_lines
    }
    echo end
  )
}
rf_main
