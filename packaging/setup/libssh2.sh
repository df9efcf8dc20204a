#!/bin/sh
# Builds libssh2 >= 1.11 (static) from a Debian source package that has the security patches, for releases whose own libssh2
# is older. Usage: libssh2.sh [PREFIX]. Does nothing when PREFIX already holds one of the versions below.
set -eu
# What may be built, the best first: version, and the sha256 of its .dsc, which names the sha256 of every other file. Both
# hold the fixes for every CVE up to CVE-2026-66035. Nothing else is built, whatever a mirror offers and whoever signed it; a
# newer version is added here by somebody who has looked at it.
pinned='1.11.1-6 74a21ac2c6fd1ad234f8c9f7313649ceb7edd3e9ea8e35bcec9aa71f04e44d23
1.11.1-1+deb13u2 f584c22bccd948a432cc56f64adb896af2cb26d9b38bcaac13cdc7907e766599'
suites=${RF_LIBSSH2_SUITES:-forky trixie}
prefix=${1:-${RF_LIBSSH2_PREFIX:-$HOME/.cache/regfallback/libssh2}}
fail() {
  echo "libssh2.sh: $*" >&2
  exit 1
}
hash_of() { echo "$pinned" | awk -v version="$1" '$1 == version {print $2}'; }
versions() { echo "$pinned" | awk '{printf "%s%s", (NR > 1 ? ", " : ""), $1}'; }

built=$(cat "$prefix/version" 2>/dev/null || true)
if [ -n "$(hash_of "$built")" ] && [ -f "$prefix/lib/libssh2.a" ]; then
  echo "libssh2 $built is in $prefix"
  exit 0
fi
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}')
[ -n "$mirror" ] || fail "no Debian mirror in the apt sources"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
for suite in $suites; do
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
done >"$work/sources.list"
: >"$work/status"
with_private_lists() {
  tool=$1
  shift
  "$tool" -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$work/lists" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
    -o Acquire::Languages=none -o APT::Sandbox::User=root "$@"
}
with_private_lists apt-get update
offered=$(with_private_lists apt-cache showsrc libssh2 | sed -n 's/^Version: //p' | sort -u | paste -s -d ' ' -)
version=
for candidate in $(echo "$pinned" | cut -d ' ' -f 1); do
  case " $offered " in *" $candidate "*) version=$candidate && break ;; esac
done
[ -n "$version" ] || fail "none of the versions that may be built ($(versions)) is offered by $mirror ($suites); it has:" \
  "${offered:-none}. Look at what is new in it, then add its version and the sha256 of its .dsc to the list in this script"

(cd "$work" && with_private_lists apt-get source --only-source --download-only "libssh2=$version" >/dev/null)
dsc=$work/libssh2_$version.dsc
[ -f "$dsc" ] || fail "$mirror gave no libssh2_$version.dsc"
hash=$(sha256sum "$dsc" | cut -d ' ' -f 1)
[ "$hash" = "$(hash_of "$version")" ] ||
  fail "libssh2_$version.dsc from $mirror is not the file that may be built: its sha256 is $hash, not $(hash_of "$version")"
# Holds the other files against the checksums in the .dsc, whose signature counts for nothing beside its checksum.
dpkg-source --require-strong-checksums -x "$dsc" "$work/source" >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  fail "the source of libssh2 $version from $mirror is not what its .dsc says"
}
build() {
  cmake -S "$work/source" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF \
    -DBUILD_EXAMPLES=OFF -DCRYPTO_BACKEND=OpenSSL -DENABLE_ZLIB_COMPRESSION=OFF || return 1
  cmake --build "$work/build" -j"$(nproc)" || return 1
  cmake --install "$work/build"
}
if ! build >"$work/log" 2>&1; then
  tail -n 40 "$work/log" >&2
  fail "libssh2 $version could not be built"
fi
echo "$version" >"$prefix/version"
echo "libssh2 $version built into $prefix"
