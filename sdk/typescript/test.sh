#!/bin/sh
# Checks, builds and tests the TypeScript SDK and its example, and says how many tests passed.
# `make sdk-typescript` calls it, and has installed what it needs.
set -eu

cd "$(dirname "$0")"
results=$(mktemp)
trap 'rm -f "$results"' EXIT

npm run --silent lint >/dev/null
npm run --silent build
rm -rf build
npx --no-install tsc -p tsconfig.json
(cd ../../examples/typescript && rm -rf dist && npm run --silent build)

# Two files at once: most of them wait for the service.
CHROMIUM=${CHROMIUM:-$(command -v chromium)} \
  node --enable-source-maps --test --test-concurrency=2 --test-reporter=tap build/test/*.test.js \
  >"$results" 2>&1 || { cat "$results" >&2; exit 1; }

count() { sed -n "s/^# $1 \([0-9]*\)$/\1/p" "$results"; }
if [ "$(count skipped)" != 0 ] || [ "$(count todo)" != 0 ] || [ "$(count cancelled)" != 0 ]; then
  cat "$results" >&2
  exit 1
fi
echo "sdk-typescript: $(count pass) tests passed"
