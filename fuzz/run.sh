#!/bin/sh
# Runs every fuzz target for SECONDS_EACH seconds (default 60), each from its committed corpus; or
# only those that are named: fuzz/run.sh url_policy. Fails on the first finding, whose input is
# then in fuzz/artifacts/.
set -eu
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-60}

command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --version 0.13.2 --locked
if cargo +nightly --version >/dev/null 2>&1; then
    toolchain=+nightly sanitizer=address
else
    # The coverage that libFuzzer needs is there on stable too, where one insists.
    toolchain='' sanitizer=none
    export RUSTC_BOOTSTRAP=1
fi

build=${CARGO_TARGET_DIR:-fuzz/target}
for target in ${*:-$(cargo fuzz list)}; do
    # What is found on the way goes there, and not among the committed inputs.
    found=$build/corpus/$target
    mkdir -p "$found"
    echo "== $target, $seconds s"
    # shellcheck disable=SC2086
    cargo $toolchain fuzz run --sanitizer "$sanitizer" "$target" "$found" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
