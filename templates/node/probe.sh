# Asks endpoints from this node. The calls of rf_ask and rf_pull are put before the last line by the tool; every word of theirs is
# base64 or a number, so nothing in it can be syntax, an option or a secret in a process list.
# Prints, in any order: "client NAME", "answer ID TOOL BASE64" (headers, then the tool's own words, then "rc N"), "pull RC SECONDS BASE64",
# "log BASE64".

rf_text() { printf '%s' "$1" | base64 -d; }

# The tail of standard input as one line, short enough for one write to a pipe: answers of parallel jobs never mix.
rf_tail() { tail -c 2700 | base64 | tr -d '\n'; }

# curl and GNU wget know both schemes. Without them bash speaks http and openssl speaks https, each as far as it is there.
rf_client() {
  rf_bash=
  rf_openssl=
  if command -v curl >/dev/null 2>&1; then
    rf_tool=curl
  elif wget --version 2>/dev/null | grep -q GNU; then
    rf_tool=wget
  else
    command -v bash >/dev/null 2>&1 && rf_bash=bash
    command -v openssl >/dev/null 2>&1 && rf_openssl=openssl
    rf_tool=$rf_bash${rf_bash:+${rf_openssl:++}}$rf_openssl
  fi
  printf 'client %s\n' "$rf_tool"
}

rf_now() { # milliseconds, or nothing where date does not know them
  rf_time=$(date +%s%N)
  case $rf_time in *[!0-9]*) ;; *) printf '%s' "$((rf_time / 1000000))" ;; esac
}

# The proxy settings of the process that pulls, in place of this session's own.
rf_proxies() {
  unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
  [ -r "/proc/$1/environ" ] || return 0
  rf_settings=$(tr '\000' '\n' <"/proc/$1/environ" | grep -i -E '^(https?|all|no)_proxy=')
  while IFS= read -r rf_setting; do
    case $rf_setting in
      [Hh][Tt][Tt][Pp]_*) http_proxy=${rf_setting#*=}; export http_proxy ;;
      [Hh][Tt][Tt][Pp][Ss]_*) https_proxy=${rf_setting#*=}; export https_proxy ;;
      [Aa][Ll][Ll]_*) all_proxy=${rf_setting#*=}; export all_proxy ;;
      [Nn][Oo]_*) no_proxy=${rf_setting#*=}; export no_proxy ;;
    esac
  done <<END_OF_SETTINGS
$rf_settings
END_OF_SETTINGS
}

# Recent versions of curl end a failed connection without saying why (7); asked again for the connection alone, their log does.
rf_with_curl() { # SECONDS CONFIG URL
  rf_text "$2" | curl -q --config - 2>&1
  rf_rc=$?
  if [ "$rf_rc" = 7 ]; then
    curl -q -s -v -g --connect-timeout "$1" -m "$1" -o /dev/null -- "$(rf_text "$3")" 2>&1 |
      grep -i -E 'refused|no route|unreachable|timed out' | head -n 4
  fi
  printf '\nrc %s\n' "$rf_rc"
}

rf_with_wget() { # SECONDS METHOD URL CA INSECURE
  set -- "$1" "$2" "$(rf_text "$3")" "$(rf_text "$4")" "$5"
  rf_more=
  [ "$5" = 1 ] && rf_more=--no-check-certificate
  [ -n "$4" ] && rf_more="--ca-certificate=$4"
  wget --no-config -S -O /dev/null -T "$1" -t 1 --max-redirect=0 --method="$2" ${rf_more:+"$rf_more"} -- "$3" 2>&1
}

# The response's head is enough; what a server sends after it is not waited for.
rf_with_openssl() { # SECONDS REQUEST HOST PORT CA INSECURE
  set -- "$1" "$2" "$(rf_text "$3")" "$4" "$(rf_text "$5")" "$6"
  rf_verify=-verify_return_error
  [ "$6" = 1 ] && rf_verify=
  {
    rf_text "$2" | timeout "$1" openssl s_client -quiet $rf_verify ${5:+-CAfile "$5"} -servername "$3" -connect "$3:$4" 2>&1
    printf '\nrc %s\n' "$?"
  } | head -c 2000
}

rf_with_bash() { # SECONDS REQUEST HOST PORT
  rf_text "$2" | timeout "$1" bash -c 'exec 3<>"/dev/tcp/$1/$2" && cat >&3 && head -c 2000 <&3' rf "$(rf_text "$3")" "$4" 2>&1 ||
    printf '\nrc %s\n' "$?"
}

# ID SECONDS SCHEME METHOD INSECURE PORT CONFIG URL REQUEST HOST CA; "-" is nothing.
rf_ask() {
  rf_ca=${11}
  [ "$rf_ca" = - ] && rf_ca=
  {
    rf_began=$(rf_now)
    case $rf_tool:$3 in
      curl:*)
        rf_with_curl "$2" "$7" "$8"
        ;;
      wget:*)
        rf_with_wget "$2" "$4" "$8" "$rf_ca" "$5"
        printf '\nrc %s\n' "$?"
        ;;
      *openssl:https) rf_with_openssl "$2" "$9" "${10}" "$6" "$rf_ca" "$5" ;;
      bash*:http) rf_with_bash "$2" "$9" "${10}" "$6" ;;
      *) printf 'rf: no client for %s\n' "$3" ;;
    esac
    rf_ended=$(rf_now)
    [ "$rf_tool" = curl ] || printf '\nms %s\n' "$((${rf_ended:-0} - ${rf_began:-0}))"
  } | rf_tail | {
    read -r rf_answer
    printf 'answer %s %s %s\n' "$1" "${rf_tool:-none}" "$rf_answer"
  }
}

rf_crictl() {
  if command -v crictl >/dev/null 2>&1; then
    printf 'crictl\n'
    return
  fi
  for rf_path in /usr/local/bin/crictl /opt/bin/crictl /var/lib/rancher/rke2/bin/crictl /opt/cni/bin/crictl; do
    [ -x "$rf_path" ] && printf '%s\n' "$rf_path" && return
  done
  for rf_path in k3s k0s; do
    command -v "$rf_path" >/dev/null 2>&1 && "$rf_path" crictl --version >/dev/null 2>&1 && printf '%s crictl\n' "$rf_path" && return
  done
  return 1
}

rf_pull() { # SECONDS IMAGE SOCKET UNIT
  rf_socket=$(rf_text "$3")
  rf_unit=$(rf_text "$4")
  if ! rf_command=$(rf_crictl); then
    printf 'pull 127 0 -\n'
    return
  fi
  rf_begin=$(date +%s)
  rf_said=$(timeout "$1" $rf_command --runtime-endpoint "unix://$rf_socket" --image-endpoint "unix://$rf_socket" pull "$(rf_text "$2")" 2>&1)
  rf_rc=$?
  printf 'pull %s %s %s\n' "$rf_rc" "$(($(date +%s) - rf_begin))" "$(printf '%s\n' "$rf_said" | rf_tail)"
  if [ -n "$rf_unit" ] && command -v journalctl >/dev/null 2>&1; then
    printf 'log %s\n' "$(journalctl -u "$rf_unit" --since "@$rf_begin" -o cat --no-pager 2>/dev/null |
      grep -E 'trying next host|fetch failed' | tail -n 20 | rf_tail)"
  fi
}
