# What a config.toml says of directories and files to read.
# shellcheck shell=sh disable=SC2034,SC2154 # the parts share their variables

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
      *[iI][mM][pP][oO][rR][tT][sS]*=*[\"\']*) # containerd 2 takes it in any case
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
