#!/bin/sh
# Compares the contract in proto/ with what the main branch held before: fails where a client of
# then would break (buf breaking, FILE; the rules are in buf.yaml). BUF says which buf.
set -eu
cd "${1:-$(dirname "$0")/../..}"

# On a branch: where it left main, so that what main got since does not count as removed here. On
# main itself: the commit before the last one; or the last one, where proto/ was changed since.
base() {
    head=$(git rev-parse --verify --quiet HEAD 2>/dev/null) || return 0
    for main in origin/main main; do
        fork=$(git merge-base "$main" HEAD 2>/dev/null) || continue
        if [ "$fork" != "$head" ]; then
            echo "$fork"
            return
        fi
    done
    if ! git diff --quiet HEAD -- proto; then
        echo "$head"
    else
        git rev-list -1 HEAD~1 -- proto 2>/dev/null || true
    fi
}

base=$(base)
if [ -z "$base" ]; then
    echo "proto-breaking: skipped, there is no git history to compare the contract with"
    exit 0
fi
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
# Not by buf's own reader of .git, which does not know worktrees.
git archive "$base" proto buf.yaml | tar -x -C "$before"
"${BUF:-buf}" breaking --against "$before"
echo "proto-breaking: nothing breaks clients of $(git log -1 --format='%h (%s)' "$base")"
