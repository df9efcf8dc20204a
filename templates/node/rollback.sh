# A rollback as a transaction: what undo.sh came to, its files copied from the history, so that they need not travel. After encode.sh and
# undo.sh, before home.sh, follow.sh and front.sh. Given, beside what they take: RF_RECEIPT (how the receipt begins, escaped for printf %b) and
# RF_SHOWN (the checksum of what was shown).
# shellcheck shell=sh disable=SC2154,SC2034,SC2317 # variables and callers are in front.sh and undo.sh
rf_store() { # NUMBER: the change that was read, as a line of the manifest, with its file
  if [ "$source" != - ]; then cp -p "$source" "$txn/new/$1" || rf_fail "the stored files could not be copied; check that the disk is not full"; fi
  printf '%s %s\n' "$1" "$entry" >>"$txn/manifest"
  printf 'file %s %s %s\n' "$before" "$after" "$path" >>"$txn/receipt"
}
rf_prepare() {
  newline='
'
  rf_choose
  rf_settings
  rf_undo
  if [ -z "$changes" ]; then rf_end unchanged; fi
  rf_shown
  if [ "$shown" != "$RF_SHOWN" ]; then
    echo "error the files to undo changed since they were shown"
    rf_end conflict
  fi
  printf '%b' "$RF_RECEIPT" >"$txn/receipt"
  for undone in $RF_UNDO; do echo "undo $undone" >>"$txn/receipt"; done
  printf '%s\n' "$settings" >"$txn/settings"
  mkdir "$txn/new" || rf_fail "$home cannot be written"
  number=0
  set -f
  IFS=$newline
  for line in $changes; do
    unset IFS
    rf_read_change "$line"
    rf_store "$number"
    number=$((number + 1))
    IFS=$newline
  done
  unset IFS
  set +f
}
