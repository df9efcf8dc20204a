#!/bin/sh
# Builds libssh2 >= 1.11 (static) from Debian's newest source package, with its security patches, for releases whose
# own libssh2 is older. Usage: libssh2.sh [PREFIX]. Does nothing when PREFIX already holds that version.
set -eu
suite=${RF_LIBSSH2_SUITE:-forky}
prefix=${1:-${RF_LIBSSH2_PREFIX:-$HOME/.cache/regfallback/libssh2}}
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}')
[ -n "$mirror" ] || { echo "libssh2.sh: no Debian mirror in the apt sources" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
: >"$work/status"
with_private_lists() {
  tool=$1
  shift
  "$tool" -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
    -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
with_private_lists apt-get update
version=$(with_private_lists apt-cache showsrc libssh2 | sed -n 's/^Version: //p' | sort -V | tail -n 1)
[ -n "$version" ] || { echo "libssh2.sh: $suite has no libssh2 source package" >&2; exit 1; }
if [ "$(cat "$prefix/version" 2>/dev/null)" = "$version" ]; then
  echo "libssh2 $version is in $prefix"
  exit 0
fi
(cd "$work" && with_private_lists apt-get source --only-source libssh2 >/dev/null)
build() {
  cmake -S "$work"/libssh2-*/ -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF \
    -DBUILD_EXAMPLES=OFF -DCRYPTO_BACKEND=OpenSSL -DENABLE_ZLIB_COMPRESSION=OFF || return 1
  cmake --build "$work/build" -j"$(nproc)" || return 1
  cmake --install "$work/build"
}
if ! build >"$work/log" 2>&1; then
  tail -n 40 "$work/log" >&2
  exit 1
fi
echo "$version" >"$prefix/version"
echo "libssh2 $version built into $prefix"
