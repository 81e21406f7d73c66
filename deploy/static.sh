#!/bin/sh
# Builds the program as one file that needs no other: linked with musl, so that it runs on any Linux
# of its architecture, and in an image that holds nothing else.
#
#     deploy/static.sh [FILE]
#
# FILE is where it is put; target/<target>/release/bookora-webhooks if not given. It needs rustup or
# Alpine's Rust for the standard library, and musl-gcc (Debian: musl-tools) for SQLite and jemalloc.
set -eu

name=bookora-webhooks
host=$(rustc -vV | sed -n 's/^host: //p')
target=${host%%-*}-unknown-linux-musl
targets=${CARGO_TARGET_DIR:-target}
output=${1:-}

if [ "$host" != "$target" ]; then
  if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    echo "Adding Rust's standard library for musl: rustup target add $target"
    rustup target add "$target"
  fi
  command -v musl-gcc >/dev/null || {
    echo "musl-gcc is missing: apt-get install musl-tools" >&2
    exit 1
  }
  # Cargo's own name for it, and that of the crates that compile C.
  export "CC_$(echo "$target" | tr - _)=musl-gcc"
fi

cargo build --locked --release --bin "$name" --target "$target"
built=$targets/$target/release/$name

# What does not load anything has no interpreter and asks for no library.
if readelf -l "$built" | grep -q INTERP || readelf -d "$built" | grep -q NEEDED; then
  echo "$built is not static: it loads other files" >&2
  exit 1
fi
if [ -n "$output" ]; then
  cp "$built" "$output"
  built=$output
fi
echo "$built: static, $(($(wc -c <"$built") / 1024 / 1024)) MiB, $("$built" --version)"
