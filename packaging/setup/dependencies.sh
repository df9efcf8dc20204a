#!/bin/sh
# Installs what regfallback is built from, on Debian 12, Debian 13 and Ubuntu 24.04: packages of the release, Catch2 3 from
# backports where the release has Catch2 2, libssh2 built from Debian's newest source where ours must be newer.
# Usage: dependencies.sh [--lab|--tests]. As root, or with sudo for the packages. --lab: what the lab's own command needs too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. /etc/os-release
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo

packages="g++ cmake ninja-build pkg-config git ca-certificates libssl-dev libfmt-dev libyaml-cpp-dev libtomlplusplus-dev libre2-dev
libcli11-dev nlohmann-json3-dev libasio-dev zlib1g-dev libzstd-dev"
[ "${1:-}" != --lab ] || packages="$packages python3 openssh-client openssh-server"
[ "${1:-}" != --tests ] || packages="$packages python3 python3-pytest python3-yaml openssh-client openssh-server busybox dash
shellcheck ccache clang libclang-rt-dev clang-format clang-tidy expect sudo fish zsh tcsh openssl"
[ "$ID" = debian ] && packages="$packages dpkg-dev xz-utils" || packages="$packages libssh2-1-dev"

missing=
for package in $packages; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "installing:$missing"
  $as_root apt-get -qq update
  # shellcheck disable=SC2086  # a list of words
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
fi

# Catch2 3: bookworm has 2; its backports have 3. The user's own apt sources stay as they are.
if [ "${1:-}" = --tests ] && ! find /usr/lib /usr/share -name Catch2Config.cmake 2>/dev/null | grep -q .; then
  if apt-cache policy catch2 2>/dev/null | grep -q 'Candidate: 3'; then
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends catch2 >/dev/null
  else
    work=$(mktemp -d)
    mkdir -p "$work/lists/partial"
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
      awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}')
    for suite in "$VERSION_CODENAME" "$VERSION_CODENAME-backports"; do
      echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done >"$work/sources.list"
    set -- -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$work/lists" \
      -o APT::Sandbox::User=root
    $as_root apt-get "$@" update
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" install -y --no-install-recommends \
      -t "$VERSION_CODENAME-backports" catch2 >/dev/null
    $as_root rm -rf "$work"
  fi
fi

[ "$ID" != debian ] || "$here/libssh2.sh"
