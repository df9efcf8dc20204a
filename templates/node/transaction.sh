# A transaction as it comes from the operator's side: its files are in this text, as base64. Before front.sh.
# Given: RF_SETTINGS, RF_MANIFEST, RF_RECEIPT (base64) and rf_payloads, which calls rf_payload once a file.
# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # variables and callers are in front.sh
rf_payload() { # N BASE64: echo is a builtin, so nothing of this is an argument of a process
  echo "$2" | base64 -d >"$txn/new/$1" || failed=yes
}
rf_prepare() { # TIME
  failed=no
  echo "$RF_SETTINGS" | base64 -d >"$txn/settings" || failed=yes
  echo "$RF_MANIFEST" | base64 -d >"$txn/manifest" || failed=yes
  { echo "$RF_RECEIPT" | base64 -d && echo "time $1"; } >"$txn/receipt" || failed=yes
  rf_payloads
  if [ "$failed" = yes ]; then rf_fail "the transaction could not be written to $home; is the disk full?"; fi
}
