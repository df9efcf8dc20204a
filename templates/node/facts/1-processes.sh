# Facts: reads what matters about this node in one go and changes nothing. POSIX sh; works as root, and honestly less as anyone else.
# Given before this text: RF_GLOBS and RF_UNITS, words separated by newlines (paths to read, systemd units to ask for).
# RF_ASK: "no" leaves out what programs must be asked for, which takes longer than all the rest: versions, services, state of plugins.
# RF_ROOT, when set, stands for / (a node tree built for tests, with its own proc/).
#
# What is printed, one record a line, fields separated by one space, the last field runs to the end of the line:
#   facts 1                               first line: version of this format
#   hostname|kernel|arch|init|uid VALUE   container yes
#   unasked                               RF_ASK was "no"
#   os KEY=VALUE                          a line of os-release as it stands
#   process PID NAME                      a process that tells something and does its program's work (a containerd: listens on its socket);
#                                         NAME is its name without a path
#   exe PID PATH / parent PID PATH / unit PID UNIT / config PID PATH / address PID PATH / arg PID TEXT
#                                         about it; arg repeats, in order
#   apart PID PATH                        that containerd has another file or directory at PATH than this shell, by a mount of its own
#   proxy PID NAME=VALUE                  of that containerd's environment: HTTPS_PROXY, HTTP_PROXY, NO_PROXY, and these in small letters
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
#   sudo-log input|output                 sudo records what such a session reads or prints; may come more than once
#   endpoint TEXT / endpoint-source TEXT  the kubelet's, in saved facts only: it follows from the rest
#   masked SHA256 PATH                    in saved facts only: the checksum on the node of a file whose secrets are masked
#   end                                   last line: nothing is missing
# Paths begin with ./ (they are relative to the root). Paths with a newline or a backslash are left out.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

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

rf_arguments_of() { # PID -> args, parted by $separator; fails when the process has ended
  args=$({ tr '\000\n' '\002 ' <"$proc/$1/cmdline"; } 2>/dev/null)
  if [ ${#args} -gt 65536 ]; then args=$(printf '%.65536s' "$args"); fi
  args=${args%"${args##*[!$separator]}"}
  [ -n "$args" ]
}

# NAME ARGUMENT...: whether the process does its program's work, and does not only print the version or run another of its commands
rf_serves() {
  name=$1 word='' skip=yes # the first argument is the program
  shift
  for arg; do
    if [ -n "$skip" ]; then
      skip=
      continue
    fi
    case $arg in
      --version | --version=* | -version | --help | -help | -h | --validate) return 1 ;;
      # A kubelet's -v, and that of `k3s server`, is how much it logs.
      -v) case $name/$word in kube* | */?*) ;; *) return 1 ;; esac ;;
      -c | -a | -l | --config | --address | --log-level | --root | --state | -config | -address | -log-level | -root | -state) skip=yes ;;
      -* | */* | "$name" | '') ;;
      *) word=${word:-$arg} ;;
    esac
  done
  case $name/$word in
    k3s/server | k3s/agent | rke2/server | rke2/agent | k0s/controller | k0s/worker) ;;
    containerd/?* | k3s/* | rke2/* | k0s/* | crio/config | crio/status | crio/version | crio/wipe) return 1 ;;
  esac
}

rf_options() { # ARGUMENT... -> config, address: what follows --config and --address, or ""
  config='' address='' previous=
  for arg; do
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

# --- which containerd listens, and where ---

rf_descriptors_of() { # PID -> descriptors: what `ls` said of its open files; "" when this shell may not look
  descriptors=
  case $links in *"$newline$proc/$1/fd:$newline"*)
    descriptors=${links#*"$newline$proc/$1/fd:$newline"}
    descriptors=${descriptors%%"$newline$newline"*}$newline
    ;;
  esac
  case $descriptors in *' -> '*) ;; *) descriptors= ;; esac
}

rf_owned() { # PATH -> owned: the paths, one a line, of what is both in `listening` and in `descriptors`; PATH "": all of them
  owned=$newline
  IFS=$newline
  for line in $listening; do
    if [ -n "$1" ]; then case $line in *" $1") ;; *) continue ;; esac fi
    line=${line#*' 00010000 0001 01 '}
    line=${line#"${line%%[0-9]*}"} # the inode is right-aligned
    case $descriptors in *" -> socket:[${line%% *}]$newline"*) ;; *) continue ;; esac
    case $line in *' '[!@]*) owned=$owned${line#* }$newline ;; esac
  done
  unset IFS
  [ "$owned" != "$newline" ]
}

# PID: whether this containerd listens; address becomes the socket it has. One whose open files cannot be looked at is believed.
rf_listens() {
  rf_descriptors_of "$1"
  if [ -z "$descriptors" ]; then return 0; fi
  # Its own network namespace is the one that shows its sockets.
  listening=$(grep ' 00010000 0001 01 ' "$proc/$1/net/unix" 2>/dev/null)
  if [ $? -gt 1 ] || rf_owned "$address"; then return 0; fi
  rf_owned '' || return 1
  address=${owned#"$newline"}
  address=${address%%"$newline"*}
  # containerd listens beside it under the same name with .ttrpc, and maybe for debugging and plugins.
  IFS=$newline
  for path in $owned; do
    case $owned in *"$newline$path.ttrpc$newline"*) address=$path ;; esac
  done
  unset IFS
}

# --- all of them ---

rf_exe_of() { # PID -> exe, from what `ls` said of links in /proc
  exe=
  case $links in *"$proc/$1/exe -> "*)
    exe=${links#*"$proc/$1/exe -> "}
    exe=${exe%%"$newline"*}
    exe=${exe% (deleted)}
    ;;
  esac
}

# -> found: "PID PARENT NAME" of those that tell something, one a line; containerds: " PID PID "; links: their programs and their parents',
# and what a containerd has open
rf_find_processes() {
  found='' containerds=' '
  set --
  for pid in "$proc"/[0-9]*; do
    pid=${pid##*/}
    rf_name_of "$pid" || continue
    stat=
    { IFS= read -r stat <"$proc/$pid/stat"; } 2>/dev/null || continue
    stat=${stat##*) }
    case $stat in Z* | X*) continue ;; esac
    stat=${stat#* }
    parent=${stat%% *}
    found="$found$pid $parent $name$newline"
    set -- "$@" "$proc/$pid/exe"
    if [ "$name" = containerd ]; then
      containerds="$containerds$pid "
      set -- "$@" "$proc/$parent/exe" "$proc/$pid/fd"
    fi
  done
  links=
  if [ $# != 0 ]; then links=$(ls -ln "$@" 2>/dev/null)$newline; fi
}

rf_tell() { # PID NAME ARGUMENT...: adds to `told`
  pid=$1 name=$2
  shift 2
  rf_exe_of "$pid"
  told="${told}process $pid $name${newline}exe $pid $exe$newline"
  rf_unit_of "$pid" && if [ -n "$unit" ]; then told="${told}unit $pid $unit$newline"; fi
  for arg; do told="${told}arg $pid $arg$newline"; done
  case $config in /*)
    told="${told}config $pid $config$newline"
    extra="$extra$newline$config"
    ;;
  esac
  case $name in k3s | rke2) rf_tell_settings "$@" ;; esac
}

rf_tell_settings() { # ARGUMENT...: files that a k3s or rke2 takes its settings and registries from, wherever it was told
  config=${config:-/etc/rancher/$name/config.yaml}
  extra="$extra$newline$config.d/*.yaml$newline$config.d/*.yml"
  previous=
  for arg; do
    case $previous in --private-registry) extra="$extra$newline$arg" ;; esac
    case $arg in --private-registry=*) extra="$extra$newline${arg#*=}" ;; esac
    previous=$arg
  done
  set +f
  for file in ."$config" ."$config".d/*; do
    if ! [ -r "$file" ] || ! [ -f "$file" ]; then continue; fi
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in *private-registry*:*/*)
        line=/${line#*/}
        extra="$extra$newline${line%%[\"\' #]*}"
        ;;
      esac
    done <"$file"
  done
  set -f
}

rf_tell_containerd() { # PID PARENT: what it has beyond the others; exe and config are its own
  runtimes="$runtimes$1 $exe$newline"
  addresses="$addresses$newline$1 $address$newline"
  rf_exe_of "$2"
  told="${told}parent $1 $exe${newline}address $1 $address$newline"
  rf_tell_proxy "$1"
  case $config in /*)
    # What K3s and RKE2 make it from is beside it.
    extra="$extra$newline${config%/*}/config*.toml.tmpl"
    rf_hosts_globs "${config%/*}/certs.d"
    rf_scan "$config" "${config%/*}"
    rf_tell_apart "$1" "$config"
    if [ "${config%/*}" != '' ]; then rf_tell_apart "$1" "${config%/*}"; fi
    ;;
  esac
}

rf_tell_proxy() { # PID
  environment=$({ tr '\000\n' '\n ' <"$proc/$1/environ"; } 2>/dev/null)
  IFS=$newline
  for line in $environment; do
    case $line in
      HTTPS_PROXY=?* | https_proxy=?* | HTTP_PROXY=?* | http_proxy=?* | NO_PROXY=?* | no_proxy=?*)
        if [ ${#line} -gt 4096 ]; then line=$(printf '%.4096s' "$line"); fi
        told="${told}proxy $1 $line$newline"
        ;;
    esac
  done
  unset IFS
}

rf_tell_apart() { # PID PATH. Who may not look takes it for the same.
  if ! [ -e "$proc/$1/root/." ]; then return 0; fi
  if ! [ -e "$proc/$1/root$2" ] && ! [ -e ".$2" ]; then return 0; fi
  # shellcheck disable=SC3013 # dash, busybox and bash have -ef
  if ! [ "$proc/$1/root$2" -ef ".$2" ]; then told="${told}apart $1 $2$newline"; fi
}

rf_look() { # -> told: the records; runtimes, addresses: "PID EXE" and "PID ADDRESS" lines of containerd; starting: one does not listen
  told='' runtimes='' addresses='' extra='' starting=
  set +f
  rf_find_processes
  set -f
  IFS=$newline
  for line in $found; do
    unset IFS
    pid=${line%% *} parent=${line#* }
    name=${parent#* } parent=${parent%% *}
    rf_arguments_of "$pid" || continue
    IFS=$separator
    # shellcheck disable=SC2086 # split into arguments
    set -- $args
    # Some programs write their title over their arguments, as one text.
    # shellcheck disable=SC2086
    if [ $# = 1 ] && [ "$name" != containerd ]; then unset IFS && set -- $1; fi
    unset IFS
    rf_serves "$name" "$@" || continue
    rf_options "$@"
    if [ "$name" != containerd ]; then
      rf_tell "$pid" "$name" "$@"
      continue
    fi
    # Between fork and exec a child of containerd looks like containerd, open files and all.
    case $containerds in *" $parent "*) continue ;; esac
    config=${config:-/etc/containerd/config.toml}
    rf_address
    if rf_listens "$pid"; then
      rf_tell "$pid" "$name" "$@"
      rf_tell_containerd "$pid" "$parent"
    else
      starting=yes
    fi
  done
  unset IFS
}

rf_processes() { # prints them; a containerd that does not listen yet is given three seconds
  rf_look
  looks=1
  while [ -n "$starting" ] && [ "$looks" -lt 15 ]; do
    sleep 0.2 2>/dev/null || sleep 1
    rf_look
    looks=$((looks + 1))
  done
  printf '%s' "$told"
}
