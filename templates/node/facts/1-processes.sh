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

rf_args_of() { # PID NAME: prints its arguments; config: the file it was started with; address: from its arguments, or ""
  args=$({ tr '\000\n' '\002 ' <"$proc/$1/cmdline"; } 2>/dev/null)
  if [ ${#args} -gt 65536 ]; then args=$(printf '%.65536s' "$args"); fi
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

rf_exe_of() { # PID -> exe, from what `ls` said of links in /proc
  exe=
  case $links in *"$proc/$1/exe -> "*)
    exe=${links#*"$proc/$1/exe -> "}
    exe=${exe%%"$newline"*}
    exe=${exe% (deleted)}
    ;;
  esac
}

rf_find_processes() { # -> found: "PID PARENT NAME" of those that tell something, one a line; links: the programs of them and of their parents
  found=
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
    if [ "$name" = containerd ]; then set -- "$@" "$proc/$parent/exe"; fi
  done
  links=
  if [ $# != 0 ]; then links=$(ls -l "$@" 2>/dev/null)$newline; fi
}

rf_processes() { # prints them; runtimes, addresses: "PID EXE" and "PID ADDRESS" lines of containerd
  runtimes='' addresses=
  set +f
  rf_find_processes
  set -f
  IFS=$newline
  for line in $found; do
    unset IFS
    pid=${line%% *} parent=${line#* }
    name=${parent#* } parent=${parent%% *}
    rf_exe_of "$pid"
    printf 'process %s %s\nexe %s %s\n' "$pid" "$name" "$pid" "$exe"
    runtime=$exe
    rf_unit_of "$pid" && if [ -n "$unit" ]; then printf 'unit %s %s\n' "$pid" "$unit"; fi
    if [ "$name" = containerd ]; then
      rf_exe_of "$parent"
      printf 'parent %s %s\n' "$pid" "$exe"
    fi
    rf_args_of "$pid" "$name"
    if [ "$name" = containerd ]; then
      rf_address
      runtimes="$runtimes$pid $runtime$newline"
      addresses="$addresses$newline$pid $address$newline"
    fi
  done
  unset IFS
}
