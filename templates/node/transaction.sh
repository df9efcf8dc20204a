# A transaction as it comes from the operator's side: its files are in this text. Before front.sh.
# Given, escaped for printf %b: RF_SETTINGS, RF_MANIFEST, RF_RECEIPT, and RF_CONTENTS, which is escaped once more within.
# shellcheck shell=sh disable=SC2154,SC2317 # variables and callers are in front.sh
rf_prepare() {
  if ! { printf '%b' "$RF_SETTINGS" >"$txn/settings" && printf '%b' "$RF_MANIFEST" >"$txn/manifest" && printf '%b' "$RF_RECEIPT" >"$txn/receipt" &&
    printf '%b' "$RF_CONTENTS" >"$txn/contents"; }; then
    rf_fail "the transaction could not be written to $home; check that the disk is not full"
  fi
}
