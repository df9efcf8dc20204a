# The history: finished transactions, the last ten and always the first one that was applied.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts of the worker share their variables

enter_history() { # the name gives the order, whatever the clock says
  case $txn in "$home"/history/*) return 0 ;; esac
  if ! [ -d "$home/history" ]; then mkdir -p "$home/history"; fi
  last=0
  set +f
  for entry in "$home"/history/[0-9]*; do
    number=${entry##*/}
    number=${number%%-*}
    while :; do case $number in 0?*) number=${number#0} ;; *) break ;; esac done
    case $number in '' | *[!0-9]*) continue ;; esac
    if [ "$number" -gt "$last" ]; then last=$number; fi
  done
  set -f
  number=000000$((last + 1))
  while [ ${#number} -gt 6 ]; do number=${number#?}; done
  mv "$txn" "$home/history/$number-$id" || return 1
  txn=$home/history/$number-$id
  log=$txn/log
  step remembered
  flush "$home/history" "$home/txn"
}
prune() { # the last ten stay, and always the first one that was applied
  applied=''
  set --
  set +f
  for entry in "$home"/history/[0-9]*; do
    if ! [ -d "$entry" ]; then continue; fi
    if [ -z "$applied" ] && [ -e "$entry/state.applied" ]; then
      applied=$entry
      continue
    fi
    set -- "$@" "$entry"
  done
  set -f
  if [ -n "$applied" ]; then take_over "$applied"; fi
  while [ $# -gt 10 ]; do
    if [ -e "$1/state.applied" ]; then
      inherit "$1" "$applied" || return 0
      # It goes at once, so that it is never there in part.
      mv "$1" "$home/txn/${1##*/}" || return 0
      step "gone ${1##*/}"
      take_over "$applied"
    fi
    rm -rf "$1" "$home/txn/${1##*/}"
    shift
  done
}
# What the first one replaced is what the node was before us. A later one that goes hands over what only it knows of that, and what became of
# the rest. What is handed over is complete in from.NAME before the later one goes, and is put in place when it has gone.
inherit() { # FROM TO
  command -v sort >/dev/null || return 1
  from=$2/from.${1##*/}
  rm -rf "$from"
  mkdir "$from" || return 1
  { tag 1 "$2/manifest" && tag 2 "$1/manifest" && echo '~'; } | sort | merge "$1" "$2" >"$from/manifest" || return 1
  hand_receipt "$2/receipt" "$from/manifest" >"$from/receipt" || return 1
  cp -p "$2/settings" "$from/settings" || return 1
  while IFS=' ' read -r key value; do
    if [ "$key" = restart ] && [ "$value" != none ]; then cp -p "$1/settings" "$from/settings" || return 1; fi
  done <"$1/settings"
  flush "$from/manifest" "$from/receipt" "$from/settings" "$from" "$2/old" "$2"
  step inherited
}
take_over() { # TO: what those that are gone handed over
  set +f
  for from in "$1"/from.*; do
    set -f
    if ! [ -d "$from" ]; then continue; fi
    if ! [ -d "$home/history/${from##*/from.}" ]; then
      for name in settings receipt manifest; do
        if [ -f "$from/$name" ]; then mv -f "$from/$name" "$1/$name" || return 1; fi
        step "took $name"
      done
      flush "$1"
    fi
    rm -rf "$from"
  done
  set -f
}
tag() { # N MANIFEST: "PATH<1>N LINE" for each line, without its path
  while read -r line_n line_op line_mode line_owner line_group line_before line_after line_path; do
    printf '%s\001%s %s %s %s %s %s %s %s\n' "$line_path" "$1" "$line_n" "$line_op" "$line_mode" "$line_owner" "$line_group" "$line_before" "$line_after"
  done <"$2"
}
merge() { # FROM TO; stdin: their lines, each path's together. Prints a manifest.
  mark=$(printf '\001')
  first='' at='' complete=no
  while IFS= read -r line; do
    # Sorted last, so that a sort that died is noticed.
    if [ "$line" = '~' ]; then
      complete=yes
      break
    fi
    path=${line%%"$mark"*} line=${line#*"$mark"}
    which=${line%% *} line=${line#* }
    if [ "$which" = 1 ]; then
      if [ -n "$first" ]; then echo "$first $at"; fi
      first=$line at=$path
    elif [ -n "$first" ] && [ "$path" = "$at" ]; then
      # shellcheck disable=SC2086 # words
      merge_line $first $line
    else
      if [ -n "$first" ]; then echo "$first $at"; fi
      first=
      if [ -e "$1/old/${line%% *}" ]; then cp -p "$1/old/${line%% *}" "$2/old/${1##*/}-${line%% *}" || return 1; fi
      echo "${1##*/}-$line $path"
    fi
  done
  if [ -n "$first" ]; then echo "$first $at"; fi
  [ "$complete" = yes ]
}
merge_line() { # words of a first line and of a later one -> first, "" where all is as it was before the first
  op=${2%%:*} class=${2#?} later=${9%%:*}
  case $op$later in
    MX | XM) first= ;;
    [MX]* | ?[MX]) ;;
    *)
      # R without anything after it: we removed what we had written.
      if [ "$6" = - ]; then op=C; elif [ "$7" != - ] || [ "${14}" != - ]; then op=R; fi
      first="$1 $op$class $3 $4 $5 $6 ${14}"
      if [ "$6" = "${14}" ]; then first=; fi
      ;;
  esac
}
hand_receipt() { # RECEIPT MANIFEST: prints it with the manifest's files
  while IFS= read -r line; do
    case $line in 'file '*) ;; *) printf '%s\n' "$line" ;; esac
  done <"$1"
  while read -r _ op _ _ _ before after path; do
    case $op:$after in R*:-) ;; *) printf 'file %s %s %s\n' "$before" "$after" "$path" ;; esac
  done <"$2"
}
