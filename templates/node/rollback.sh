# A rollback is an ordinary transaction whose new state is a stored old one; the contents need not travel. Before follow.sh and front.sh.
# Given: RF_ID, RF_TIME, RF_TARGET: the transaction to undo, with every later one ("latest", "first" or an ID); RF_TOOL; RF_FORCE ("yes": also where
# a file was changed since). Prints "undo ID" for every transaction it undoes, oldest first.
# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # variables and callers are in front.sh
rf_chosen() { # -> chosen: directories of the history, oldest first
  chosen=
  for dir in "$home"/history/[0-9]*; do
    if ! [ -e "$dir/state.applied" ]; then continue; fi
    name=${dir##*/}
    if [ "$RF_TARGET" = latest ]; then chosen=
    elif [ -z "$chosen" ] && [ "$RF_TARGET" != first ] && [ "${name#*-}" != "$RF_TARGET" ]; then continue; fi
    chosen=$chosen$dir$newline
  done
}
rf_settings() { # of the newest; a service is restarted when one of them restarted it
  restart='' service=''
  for dir in $chosen; do
    newest=$dir
    while IFS=' ' read -r key value; do
      case $key in
        restart) if [ "$value" != none ]; then restart=$value; fi ;;
        service) if [ -n "$value" ]; then service=$value; fi ;;
        wait) if [ "$value" -gt "$RF_WAIT" ]; then RF_WAIT=$value; fi ;;
      esac
    done <"$dir/settings"
  done
  {
    grep -v '^restart \|^service \|^wait ' "$newest/settings"
    printf 'restart %s\nservice %s\nwait %s\n' "${restart:-none}" "$service" "$RF_WAIT"
  } >"$txn/settings"
}
rf_last_of() { # PATH -> last: what the newest transaction made of it
  for later in $chosen; do
    while read -r _ _ _ _ _ _ result other; do
      if [ "$other" = "$1" ]; then last=$result; fi
    done <"$later/manifest"
  done
}
rf_now() { # PATH -> last: its checksum, whatever it is
  last=-
  if [ -f "${RF_ROOT:-}$1" ]; then
    last=$(sha256sum <"${RF_ROOT:-}$1")
    last=${last%% *}
  fi
}
rf_add() { # LIST OP MODE UID GID BEFORE AFTER "SOURCE PATH": a line of a manifest to be; numbers are given later
  printf '%s %s %s %s %s %s %s\n' "$2" "$3" "$4" "$5" "$6" "$7" "$8" >>"$txn/list.$1"
}
rf_undo_path() { # of the oldest transaction that knows the path: n op mode owner group before path dir
  target=${RF_ROOT:-}$path
  case $op in
    M) if [ -d "$target" ]; then rf_add 6 X "$mode" "$owner" "$group" - - "- $path"; fi ;;
    X) if ! [ -d "$target" ]; then rf_add 0 M "$mode" "$owner" "$group" - - "- $path"; fi ;;
    *)
      if [ "$RF_FORCE" = yes ]; then rf_now "$path"; else rf_last_of "$path"; fi
      if [ "$last" = "$before" ]; then return 0; fi
      if [ "$before" = - ]; then
        case $path in *.toml | *.yaml) rf_add 4 D 0 0 0 "$last" - "- $path" ;; *) rf_add 5 D 0 0 0 "$last" - "- $path" ;; esac
        return 0
      fi
      kind=R
      if [ "$last" = - ]; then kind=C; fi
      case $path in */hosts.toml) list=2 ;; *.toml | *.yaml) list=3 ;; *) list=1 ;; esac
      # shellcheck disable=SC2046 # three words
      rf_add "$list" "$kind" $(stat -c '%a %u %g' "$dir/old/$n") "$last" "$before" "$dir/old/$n $path"
      ;;
  esac
}
rf_reverse() { # FILE: its last line first
  reversed=
  while IFS= read -r line; do reversed=$line$newline$reversed; done <"$1"
  printf '%s' "$reversed" >"$1"
}
rf_prepare() {
  newline='
'
  rf_chosen
  IFS=$newline
  # shellcheck disable=SC2086 # one directory a line
  set -- $chosen
  unset IFS
  if [ $# = 0 ]; then rf_fail "there is no applied transaction '$RF_TARGET' on this node"; fi
  rf_settings
  known=$newline
  for dir in $chosen; do
    echo "undo ${dir##*/}"
    while read -r n op mode owner group before _ path <&3; do
      case $known in *"$newline$path$newline"*) continue ;; esac
      known=$known$path$newline
      rf_undo_path
    done 3<"$dir/manifest"
  done
  # Directories were removed deepest first, so they are made in the other order; those that were made go deepest first.
  for list in 0 6; do
    if [ -f "$txn/list.$list" ]; then rf_reverse "$txn/list.$list"; fi
  done
  printf 'id %s\ntool %s\nreason rollback of %s\ntime %s\n' "$RF_ID" "$RF_TOOL" "$RF_TARGET" "$RF_TIME" >"$txn/receipt"
  mkdir "$txn/new" || rf_fail "$home cannot be written"
  number=0
  : >"$txn/manifest"
  for list in 0 1 2 3 4 5 6; do
    if ! [ -f "$txn/list.$list" ]; then continue; fi
    while read -r op mode owner group before after source path <&3; do
      if [ "$source" != - ]; then cp -p "$source" "$txn/new/$number" || rf_fail "the stored files could not be copied; is the disk full?"; fi
      printf '%s %s %s %s %s %s %s %s\n' "$number" "$op" "$mode" "$owner" "$group" "$before" "$after" "$path" >>"$txn/manifest"
      printf 'file %s %s %s\n' "$before" "$after" "$path" >>"$txn/receipt"
      number=$((number + 1))
    done 3<"$txn/list.$list"
    rm -f "$txn/list.$list"
  done
  if [ "$number" = 0 ]; then rf_end unchanged; fi
}
