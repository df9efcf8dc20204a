# Checks and staging: everything before the first change.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

check_manifest() {
  count=0
  while next_change; do
    if [ "$n" != "$count" ]; then because "the manifest is not in order" || return 1; fi
    count=$((count + 1))
    case $op:$mode$owner$group in [MCRDX]:*[!0-9]* | [!MCRDX]:* | *:) because "the manifest contains an invalid line" || return 1 ;; esac
    case $class in '' | directory | certificate | hosts | config) ;; *) because "the manifest contains an unknown class" || return 1 ;; esac
    case $before$after in *[!0-9a-f-]*) because "the manifest contains an invalid checksum" || return 1 ;; esac
    case $path in
      /*/../* | /*/.. | /../* | /*/./* | *//* | */ | "${home#"$root"}"/*) because "$path is not a valid path for a transaction" || return 1 ;;
      /*) ;;
      *) because "$path is not a valid path for a transaction" || return 1 ;;
    esac
  done 3<"$txn/manifest"
  if [ "$count" = 0 ] && [ "$restart" = none ]; then because "there is nothing to do" || return 1; fi
}
check_directories() { # above every target: no link, nobody else's, writable, and there unless it is made
  seen=$newline
  makes=$newline
  set --
  while next_change; do
    if [ "$op" = M ]; then makes=$makes$root$path$newline; fi
    case $mounts in *"$newline$root$path$newline"*) because "$path is a mount point and cannot be replaced" || return 1 ;; esac
    parent=$root${path%/*}
    if [ -d "$parent" ] && ! [ -w "$parent" ]; then because "${path%/*} is read-only or immutable" || return 1; fi
    while [ "$parent" != "$root" ]; do
      case $seen in *"$newline$parent$newline"*) break ;; esac
      seen=$seen$parent$newline
      if [ -L "$parent" ]; then because "${parent#"$root"} has become a link since the plan" || return 1; fi
      if [ -d "$parent" ]; then set -- "$@" "$parent"; else
        case $makes in *"$newline$parent$newline"*) ;;
          *) # the plan saw it
            outcome=conflict
            because "${parent#"$root"} disappeared since the plan" || return 1
            ;;
        esac
      fi
      parent=${parent%/*}
    done
  done 3<"$txn/manifest"
  check_rights "$@"
}
check_rights() { # DIRECTORIES -> shared, and inherits: whether some give their group to what is made in them
  shared='' inherits=no devices=$newline
  told=$(stat -c '%f %u %g %d %n' "$@" "${root:-/}") || return 1
  while [ -n "$told" ]; do
    line=${told%%"$newline"*}
    case $told in *"$newline"*) told=${told#*"$newline"} ;; *) told= ;; esac
    mode=${line%% *} line=${line#* }
    owner=${line%% *} line=${line#* }
    group=${line%% *} line=${line#* }
    device=${line%% *} path=${line#* }
    devices="$devices$device $path$newline"
    if [ "$path" = "${root:-/}" ]; then continue; fi
    case $mode in *[2367abef]) because "${path#"$root"} is writable by everybody" || return 1 ;; esac
    case $mode in ?[4567cdef]*) inherits=yes ;; esac
    if [ "$owner" != 0 ] && [ "$owner" != "$uid" ]; then because "${path#"$root"} belongs to user $owner, not to root" || return 1; fi
    case $mode:$group in *:0) ;; *[13579bdf]?:*) share "$path" ;; esac
  done
  if [ "$restart" = itself ]; then share_targets; fi
  check_closed
}
# Who may write to a directory may put a link where root is about to write. Nothing is made in one that is shared with a group, nor below it,
# but in a closed directory beside the outermost one, where nobody else can rename anything. It is moved from there to its place.
share() { # DIRECTORY: into `shared`, in place of those below it
  kept=
  IFS=$newline
  for line in $shared; do
    case $1 in "$line" | "$line"/*)
      unset IFS
      return 0
      ;;
    esac
    case $line in "$1"/*) ;; *) kept=$kept$line$newline ;; esac
  done
  unset IFS
  shared=$kept$1$newline
}
share_targets() { # a distribution watches them, and would take notice of what is only staged
  while read -r n op mode owner group before after path <&3; do share "$root${path%/*}"; done 3<"$txn/manifest"
}
check_closed() { # what is moved or linked has to stay on one file system, and below one mount
  apart=
  IFS=$newline
  for line in $shared; do
    above=${line%/*}
    device=${devices%" ${above:-/}$newline"*}
    device=${device##*"$newline"}
    for entry in $devices; do
      path=${entry#* }
      case $path in "$line" | "$line"/*) ;; *) continue ;; esac
      case $mounts in *"$newline$path$newline"*) apart=$path outer=$line ;; esac
      if [ "${entry%% *}" != "$device" ]; then apart=$path outer=$line; fi
    done
  done
  unset IFS
  if [ -z "$apart" ]; then return 0; fi
  because "${apart#"$root"} is a separate file system, and users other than root may write to ${outer#"$root"}: files cannot be staged where they cannot change them; run chmod g-w ${outer#"$root"}"
}
make_closed() { # recorded first: recovery finds it by this record
  if [ -z "$shared" ]; then return 0; fi
  { printf '%s' "$shared" >"$txn/shared" && flush "$txn/shared" "$txn"; } || return 1
  set --
  IFS=$newline
  for line in $shared; do
    case "$newline$*$newline" in *"$newline${line%/*}/.rf-$id$newline"*) ;; *) set -- "$@" "${line%/*}/.rf-$id" ;; esac
  done
  unset IFS
  mkdir -m 700 "$@" || because "$1 could not be created"
}
read_mounts() { # -> mounts, and volatile: those in memory
  mounts=$newline volatile=$newline
  while read -r _ _ _ _ path rest; do
    mounts=$mounts$path$newline
    rest=${rest#* - }
    case ${rest%% *} in tmpfs | ramfs) volatile=$volatile$path$newline ;; esac
  done 2>/dev/null </proc/self/mountinfo
}
warn_of_volatile() { # what is written there is gone after the next boot
  told=$newline
  while read -r n op mode owner group before after path <&3; do
    parent=$root${path%/*}
    while [ "$parent" != "$root" ]; do
      case $mounts in *"$newline$parent$newline"*) break ;; esac
      parent=${parent%/*}
    done
    case $told in *"$newline$parent$newline"*) continue ;; esac
    told=$told$parent$newline
    case $volatile in *"$newline${parent:-/}$newline"*)
      parent=${parent#"$root"}
      say "warn ${parent:-/} is in memory: this change is lost at the next boot; make it in the node's image or at boot as well"
      ;;
    esac
  done 3<"$txn/manifest"
}
# Every path still is what the plan saw.
check_unchanged() {
  set --
  while next_change; do
    case $op in
      M | C)
        if [ -e "$target" ] || [ -L "$target" ]; then because "$path appeared since the plan" || return 1; fi
        ;;
      X)
        if [ -L "$target" ] || ! [ -d "$target" ]; then because "$path is no longer a directory" || return 1; fi
        ;;
      *)
        if [ -L "$target" ]; then because "$path has become a link since the plan" || return 1; fi
        if ! [ -f "$target" ]; then because "$path disappeared since the plan" || return 1; fi
        set -- "$@" "$target"
        ;;
    esac
  done 3<"$txn/manifest"
  if [ $# != 0 ]; then compare before "$@"; fi
}
compare() { # before|staged PATHS...: the checksums of files, in the manifest's order
  which=$1
  shift
  told=$($sums_of "$@" 2>/dev/null) || because "a file could not be read" || return 1
  while next_change; do
    case $which$op in
      beforeR | beforeD) wanted=$before ;;
      stagedR | stagedC) wanted=$after ;;
      *) continue ;;
    esac
    sum=${told%%[ $newline]*}
    told=${told#*"$newline"}
    if [ "${sum#\\}" != "$wanted" ]; then
      if [ "$which" = before ]; then because "$path changed since the plan"; else because "$path was not staged as planned"; fi
      return 1
    fi
  done 3<"$txn/manifest"
}

# --- staging: beside the targets or in a closed directory, under names nobody reads ---

staged_at() { # PATH N -> staged
  if within "$1" "$made"; then
    beside "$outer" "$outer_n" new
    staged=$near${1#"$outer"}
  else
    beside "$1" "$2" new
    staged=$near
  fi
}
label() { # STAGED TARGET: the SELinux label of what it replaces, or of its place
  if ! [ -e /sys/fs/selinux/enforce ]; then return 0; fi
  if [ -e "$2" ]; then chcon --reference="$2" "$1"; elif command -v matchpathcon >/dev/null; then
    chcon "$(matchpathcon -n "$2")" "$1"
  fi 2>/dev/null || :
}
goes_as_a_whole() { # DIRECTORY: everything in it is deleted by us
  (
    set +f
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
      if ! [ -e "$entry" ] && ! [ -L "$entry" ]; then continue; fi
      case $deleted in *"$newline$entry$newline"*) ;; *) exit 1 ;; esac
    done
    exit 0
  )
}
make_directories() { # MODE UID GID PATHS...: new ones that are to be alike, each after the one it stands in
  alike_mode=$1
  alike_owner=$2:$3
  shift 3
  if [ $# = 0 ]; then return 0; fi
  mkdir -m "$alike_mode" "$@" || return 1
  if [ "$alike_owner" != "$uid:$gid" ] || [ "$inherits" = yes ]; then chown "$alike_owner" "$@"; fi
}
stage_directories() { # -> made
  made='' like=
  set --
  while next_change; do
    if [ "$op" != M ]; then continue; fi
    staged_at "$target" "$n"
    if [ "$mode $owner $group" != "$like" ]; then
      # shellcheck disable=SC2086 # three words
      make_directories ${like:-0 0 0} "$@" || return 1
      like="$mode $owner $group"
      set --
    fi
    set -- "$@" "$staged"
    if ! within "$target" "$made"; then
      : >"$txn/made.$n" || return 1
      made="$made$n $target$newline"
    fi
  done 3<"$txn/manifest"
  # shellcheck disable=SC2086 # three words
  make_directories ${like:-0 0 0} "$@"
}
stage_file() { # n target -> staged: for our eyes only until it is dressed
  staged_at "$target" "$n"
  eval "content=\${content_$n-} given=\${content_$n+yes}"
  if [ "$given" = yes ]; then printf '%b' "$content" >"$staged"; else cat "$txn/new/$n" >"$staged"; fi || return 1
  label "$staged" "$target"
}
dress() { # MODE UID GID PATHS...: files that are to be alike
  alike_mode=$1 alike_uid=$2 alike_gid=$3
  shift 3
  if [ $# = 0 ]; then return 0; fi
  if [ "$alike_uid:$alike_gid" != "$uid:$gid" ] || [ "$inherits" = yes ]; then chown "$alike_uid:$alike_gid" "$@" || return 1; fi
  if [ "$alike_mode" != 600 ]; then chmod "$alike_mode" "$@" || return 1; fi
}
dress_staged() { # -> wholes: every staged file and directory, one a line
  like='' wholes=
  set --
  while next_change; do
    case $op in M | R | C) ;; *) continue ;; esac
    staged_at "$root$path" "$n"
    wholes=$wholes$staged$newline
    if [ "$op" = M ]; then continue; fi
    if [ "$mode $owner $group" != "$like" ]; then
      # shellcheck disable=SC2086 # three words
      dress ${like:-0 0 0} "$@" || return 1
      like="$mode $owner $group"
      set --
    fi
    set -- "$@" "$staged"
  done 3<"$txn/manifest"
  # shellcheck disable=SC2086 # three words
  dress ${like:-0 0 0} "$@"
}
stage() {
  deleted=$newline
  if [ -f "$txn/contents" ]; then
    # shellcheck source=/dev/null # data, checked against the manifest below
    . "$txn/contents"
  fi
  make_closed && stage_directories || return 1
  set --
  while next_change; do
    case $op in
      M)
        staged_at "$target" "$n"
        label "$staged" "$target"
        ;;
      R | D)
        cp -p "$target" "$txn/old/$n" || return 1
        set -- "$@" "$txn/old/$n"
        step "old $n"
        ;;
      X)
        if goes_as_a_whole "$target"; then
          deleted=$deleted$target$newline
          : >"$txn/whole.$n" || return 1
        else
          say "warn $path contains files of others and is kept"
        fi
        ;;
    esac
    case $op in
      R | C)
        stage_file || return 1
        step "new $n"
        ;;
      D) deleted=$deleted$target$newline ;;
    esac
  done 3<"$txn/manifest"
  dress_staged || return 1
  IFS=$newline
  # shellcheck disable=SC2086 # one path a line
  set -- "$@" $wholes
  unset IFS
  flush "$@" "$txn" "$txn/old" || return 1
  step staged
  set --
  while next_change; do
    case $op in R | C)
      staged_at "$root$path" "$n"
      set -- "$@" "$staged"
      ;;
    esac
  done 3<"$txn/manifest"
  if [ $# != 0 ]; then compare staged "$@"; fi
}
# The runtime's program may be part of another one, which is containerd under that name only.
find_containerd() { # -> tries: a program that can try a configuration
  tries=$exe
  case ${exe##*/} in
    containerd*)
      if command -v "$exe" >/dev/null; then return 0; fi
      say "warn $exe does not exist any more, so the configuration was not tested with it"
      ;;
    *)
      tries=${exe%/*}/containerd
      case $(limit 20 "$tries" --version 2>/dev/null) in containerd*) return 0 ;; esac
      say "warn $exe is no containerd and has none beside it, so the configuration was not tested"
      ;;
  esac
  return 1
}
try_config() { # FILE NAME
  said=$(limit 20 "$tries" -c "$1" config dump 2>&1 >/dev/null)
  code=$?
  if [ "$code" = 0 ]; then return 0; fi
  because "$tries rejects the new $2: $(printf '%s' "$said" | tail -n 1 | tr -d '\000-\037\177' | cut -c1-400)"
}
validate() { # a config.toml that containerd cannot read is found before it is there, also one that its distribution will make
  asked=
  while next_change; do
    case $op in R | C) ;; *) continue ;; esac
    if [ "$path" = "$config" ]; then asked=yes; fi
  done 3<"$txn/manifest"
  if [ -z "$exe" ] || [ -z "$asked$trials" ]; then return 0; fi
  find_containerd || return 0
  while next_change; do
    case $op in R | C) ;; *) continue ;; esac
    if [ "$path" != "$config" ]; then continue; fi
    staged_at "$root$path" "$n"
    try_config "$staged" "$path" || return 1
  done 3<"$txn/manifest"
  try_trials
}
try_trials() {
  IFS=$newline
  for line in $trials; do
    unset IFS
    eval "content=\${trial_${line%% *}-}"
    printf '%b' "$content" >"$txn/trial.toml" || because "the state directory cannot be written" || return 1
    try_config "$txn/trial.toml" "${line#* } of the next start" || return 1
  done
  unset IFS
}
