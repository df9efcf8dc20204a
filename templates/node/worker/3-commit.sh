# Commit by renames, and the way back, by renames too.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

# What a file refers to comes before it in the manifest, and is durable before it is there.
# From here on a name in the target's directory is used, so that nobody turns the path into one that leads elsewhere.
enter() { # PATH -> here: its last part
  cd -P "${1%/*}/" 2>/dev/null && [ "${PWD%/}" = "${1%/*}" ] && here=./${1##*/}
}
commit_one() {
  enter "$target" || because "${path%/*} is not the same directory as before" || return 1
  beside "$target" "$n" new
  new=$near
  beside "$target" "$n" old
  old=$near
  case $op in
    M)
      if [ -e "$here" ] || [ -L "$here" ]; then because "$path appeared since the plan" || return 1; fi
      mv "$new" "$here" || return 1
      ;;
    C)
      # a link fails where something is; a rename would replace it
      ln "$new" "$here" || return 1
      # its staged name goes with the others when all is applied
      step "linked $n"
      ;;
    R)
      ln "$here" "$old" || return 1
      step "kept $n"
      mv -f "$new" "$here" || return 1
      ;;
    D | X) mv "$here" "$old" || return 1 ;;
  esac
  step "done $n"
}
make_durable() { # the directories that were written to
  IFS=$newline
  # shellcheck disable=SC2086 # one directory a line
  set -- $dirty
  unset IFS
  dirty=$newline
  if [ $# = 0 ]; then return 0; fi
  flush "$@" || because "the changes could not be made durable" || return 1
  step "durable $last_kind"
}
commit() {
  set_state committing || return 1
  expect_own_restart
  marked made && made=$list
  marked whole && whole=$list
  dirty=$newline last_kind=
  while next_change; do
    if [ "$interrupted" = 1 ]; then because "interrupted" || return 1; fi
    if within "$target" "$made" || within "$target" "$whole"; then continue; fi
    if [ "$op" = X ] && ! [ -e "$txn/whole.$n" ]; then continue; fi
    # What a file refers to is durable before the file is there: each kind is made durable before the next one begins.
    case $op in D | X) kind=removal ;; *) kind=$class ;; esac
    if [ "$kind" != "$last_kind" ] || [ -z "$kind" ]; then make_durable || return 1; fi
    last_kind=$kind
    commit_one || because "$path could not be moved into place" || return 1
    case $dirty in *"$newline${target%/*}$newline"*) ;; *) dirty=$dirty${target%/*}$newline ;; esac
  done 3<"$txn/manifest"
  make_durable || return 1
  cd /
  check_kept || return 1
  step committed
}
kept_at() { # -> kept: where the old inode of target stands
  if within "$target" "$whole"; then
    beside "$outer" "$outer_n" old
    kept=$near${target#"$outer"}
  else
    beside "$target" "$n" old
    kept=$near
  fi
}
check_kept() { # nobody changed a file between the check and the rename
  set --
  while next_change; do
    case $op in R | D) ;; *) continue ;; esac
    kept_at
    set -- "$@" "$kept"
  done 3<"$txn/manifest"
  if [ $# != 0 ]; then compare before "$@"; fi
}

# --- the way back ---

save_theirs() { # what somebody else wrote over our change is kept apart, and said
  { mkdir -p "$txn/conflict" && cp -pR "$target" "$txn/conflict/$n"; } 2>/dev/null
  say "warn $path was changed by someone else in the meantime; their version is kept in the transaction's conflict directory"
}
remove_ours() { # DIRECTORY OWN: our files below OWN, which now stands at DIRECTORY, and the directory if nothing else is in it
  while read -r _ kind _ _ _ _ _ below <&4; do
    case $root$below in "$2"/*) below=$root$below ;; *) continue ;; esac
    case $kind in
      C*) rm -f "$1${below#"$2"}" ;;
      M*) rmdir "$1${below#"$2"}" 2>/dev/null ;;
    esac
  done 4<"$txn/manifest.rev"
  rmdir "$1" 2>/dev/null
}
put_back_directory() {
  if ! [ -e "$txn/made.$n" ]; then return 0; fi
  if [ -d "$new" ]; then
    remove_ours "$new" "$target"
    return
  fi
  if [ -d "$target" ] && ! [ -L "$target" ] && ! [ -e "$old" ]; then
    # It disappears at once: an empty directory would hide what _default says.
    mv "$here" "$old" || return 1
    step "aside $n"
  fi
  if ! [ -d "$old" ] || remove_ours "$old" "$target"; then return 0; fi
  if [ -e "$target" ]; then return 1; fi
  mv "$old" "$here" && say "warn $path contains files of others and is kept"
}
put_back_file() {
  rm -f "$new" || return 1
  sum "$target"
  # shellcheck disable=SC3013 # dash, busybox and bash have -ef
  if [ "$target" -ef "$old" ]; then
    rm -f "$old" || return 1
  elif [ -e "$old" ]; then
    case $found in "$after" | -) ;; *) save_theirs ;; esac
    mv -f "$old" "$here" || return 1
  elif [ "$found" != "$before" ] && [ "$was" != stuck ]; then
    if [ "$found" != "$after" ] && [ "$found" != - ]; then save_theirs; fi
    cp -p "$txn/old/$n" "$new" && flush "$new" && mv -f "$new" "$here" || return 1
  fi
  [ -f "$target" ]
}
put_back_one() {
  here=$target
  if [ -e "${target%/*}" ] || [ -L "${target%/*}" ]; then enter "$target" || return 1; fi
  beside "$target" "$n" new
  new=$near
  beside "$target" "$n" old
  old=$near
  case $op in
    M) put_back_directory || return 1 ;;
    R | D) put_back_file || return 1 ;;
    C)
      rm -f "$new" || return 1
      sum "$target"
      if [ "$found" = - ]; then return 0; fi
      if [ "$found" != "$after" ]; then
        if [ "$was" = stuck ]; then return 0; fi
        save_theirs
      fi
      rm -f "$here" || return 1
      ;;
    X)
      if ! [ -d "$old" ]; then return 0; fi
      if [ -e "$target" ] || [ -L "$target" ]; then
        mkdir -p "$txn/conflict" && mv "$here" "$txn/conflict/$n" || return 1
        say "warn $path was created again by someone else; their version is kept in the transaction's conflict directory"
      fi
      mv "$old" "$here" || return 1
      ;;
  esac
  step "back $n"
}
put_back() { # every path, last first; may be repeated. After `stuck`, what is neither old nor new is a person's repair and stays.
  was=$state
  set_state rolling-back || return 1
  expect_own_restart
  marked made && made=$list
  marked whole && whole=$list
  bad=0
  while next_change; do
    if within "$target" "$made" || within "$target" "$whole"; then continue; fi
    if ! put_back_one; then
      say "error $path could not be restored"
      bad=1
    fi
    if [ -d "${target%/*}" ]; then flush "${target%/*}"; fi
    step "back $n durable"
  done 3<"$txn/manifest.rev"
  cd /
  remove_closed
  return "$bad"
}

# --- what staging and a commit leave beside the targets ---

remove_closed() {
  IFS=$newline
  for line in $shared; do
    if [ -d "${line%/*}/.rf-$id" ]; then rmdir "${line%/*}/.rf-$id"; fi
  done 2>/dev/null
  unset IFS
}
discard() { # nothing was committed: only staged files are there
  if [ -f "$txn/manifest.rev" ]; then
    marked made && made=$list
    while next_change; do
      if within "$target" "$made"; then continue; fi
      beside "$target" "$n" new
      staged=$near
      if [ "$op" = M ]; then
        if [ -d "$staged" ]; then remove_ours "$staged" "$target"; fi
      else rm -f "$staged"; fi
      step "discarded $n"
    done 3<"$txn/manifest.rev"
    remove_closed
  fi
  rm -rf "$txn/new" "$txn/contents" "$txn/trial.toml" "$txn/old"
}
clean() { # it is applied: the old inodes go
  marked whole && whole=$list
  marked made && made=$list
  set --
  while next_change; do
    case $op in
      R | D)
        kept_at
        set -- "$@" "$kept"
        ;;
      C)
        if within "$target" "$made"; then continue; fi
        beside "$target" "$n" new
        set -- "$@" "$near"
        ;;
    esac
  done 3<"$txn/manifest"
  if [ $# != 0 ]; then rm -f "$@"; fi
  step cleaned
  while next_change; do
    if [ "$op" != X ]; then continue; fi
    kept_at
    if [ -n "$outer" ]; then rmdir "$kept" 2>/dev/null; fi
    beside "$target" "$n" old
    old=$near
    if [ -d "$old" ] && ! rmdir "$old" 2>/dev/null; then
      mkdir -p "$txn/conflict" && mv "$old" "$txn/conflict/$n"
      say "warn something was created in $path while it was being removed; it is kept in the transaction's conflict directory"
    fi
  done 3<"$txn/manifest"
  remove_closed
}
