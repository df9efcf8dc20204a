# What goes over the line: checksums and contents of files, with what the node has for that.
# shellcheck shell=sh
rf_sums() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else openssl dgst -sha256 -r "$@"; fi 2>/dev/null
}
rf_encode() {
  if command -v base64 >/dev/null; then base64; elif command -v openssl >/dev/null; then openssl base64; else echo '?'; fi
}
