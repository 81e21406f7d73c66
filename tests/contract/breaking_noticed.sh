#!/bin/sh
# Shows that breaking.sh notices what breaks clients, and nothing else, in a repository made for it.
set -eu
command -v git >/dev/null || { echo "proto-breaking: skipped, git is missing" && exit 0; }
check=$(cd "$(dirname "$0")" && pwd)/breaking.sh
repository=$(mktemp -d)
trap 'rm -rf "$repository"' EXIT
cd "$(dirname "$0")/../.."
cp -r buf.yaml proto "$repository"
cd "$repository"
event=proto/bookora/webhooks/v1/event.proto
endpoint=proto/bookora/webhooks/v1/endpoint.proto

save() {
    git add -A && git -c user.name=test -c user.email=test@localhost commit -q --allow-empty -m "$1"
}

passes() {
    said=$(sh "$check" "$repository" 2>&1) || {
        echo "breaking.sh refuses $1, but breaks nothing: $said" >&2
        exit 1
    }
    case $said in *"$2"*) ;; *) echo "$1: expected \"$2\", not: $said" >&2 && exit 1 ;; esac
}

fails() {
    said=$(sh "$check" "$repository" 2>&1) && {
        echo "breaking.sh lets $1 pass: $said" >&2
        exit 1
    }
    case $said in *"$2"*) ;; *) echo "$1: expected \"$2\", not: $said" >&2 && exit 1 ;; esac
}

passes "a folder without a repository" "no git history"
# Neither a setting nor a hook of whoever runs this counts.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git init -q -b main
passes "a repository without a commit" "no git history"
save "the contract"
passes "a single commit" "no git history"

sed -i.bak 's/^  optional string email = 3;$//' "$event"
fails "a field removed and not committed" '"email"'
save "remove a field"
fails "a field removed in the last commit of main" '"email"'
git reset -q --hard HEAD~1

git checkout -q -b branch
sed -i.bak 's/^  string description = 5;$/  string note = 5;/' "$endpoint"
save "rename a field"
save "nothing"
fails "a field renamed two commits ago on a branch" '"note"'
git reset -q --hard main

printf '\n// An addition.\nmessage Added {}\n' >>"$event"
save "add a message"
passes "an addition" "nothing breaks clients of"

git checkout -q main
printf '\n// Added on main meanwhile.\nmessage Other {}\n' >>"$endpoint"
save "add another message"
git checkout -q branch
passes "a branch that has not what main got since" "nothing breaks clients of"
echo "proto-breaking: fields removed or renamed are noticed, on main and on a branch"
