#!/bin/sh
# Runs the tests of the Rust SDK, and says how many passed. `make sdk-rust` calls it.
#
# Cargo compiles for the packages that are selected: with the service beside it the SDK is built of
# what is there already, so the whole workspace is selected and only the SDK's tests are run.
set -eu

cd "$(dirname "$0")/../.."
: "${CARGO:=cargo}"
output=$(mktemp)
trap 'rm -f "$output"' EXIT

unit_tests=$("$CARGO" test --locked --workspace --lib --no-run 2>&1 |
  sed -n 's/.*(\(.*bookora_webhooks_sdk-[0-9a-f]*\))$/\1/p')
[ -n "$unit_tests" ] || { echo "sdk-rust: cargo did not build the unit tests" >&2; exit 1; }

{
  "$unit_tests" &&
    "$CARGO" test --quiet --locked --workspace --test sdk &&
    "$CARGO" test --quiet --locked --workspace --doc
} >"$output" 2>&1 || { cat "$output" >&2; exit 1; }

passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$output" | awk '{ n += $1 } END { print n }')
echo "sdk-rust: $passed tests passed"
