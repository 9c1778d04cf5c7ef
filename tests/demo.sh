#!/usr/bin/env bash
# The main job on real HTTP: a person group goes from one subscription to another. `make demo` runs it.
# Everything it makes lies in a temporary directory; the emulator ends with it.
set -eu -o pipefail

place=$(mktemp -d)
people=$PWD/tests/people.py
emulator=
finish() {
    status=$?
    [ -z "$emulator" ] || { kill "$emulator" 2>/dev/null && wait "$emulator" || true; }
    rm -rf "$place"
    [ "$status" -eq 0 ] || echo "demo failed with exit status $status" >&2
    exit "$status"
}
trap finish EXIT

export FACESNAP_CONFIG="$place/config.toml" FACESNAP_STATE_DIR="$place/state"
unset FACESNAP_PROFILE FACESNAP_ENDPOINT FACESNAP_KEY FACESNAP_SUBSCRIPTION_ID FACESNAP_APPLY_SCOPE \
    FACESNAP_OBJECT_ID FACESNAP_OUTPUT FACESNAP_API_VERSION

run() { # show a command, then what it prints
    printf '\n$'
    printf ' %q' "$@"
    printf '\n'
    "$@"
}

echo "A Face service of our own, with two subscriptions:"
printf '\n$ facesnap emulator start --seed demo --port 0 &\n'
facesnap emulator start --seed demo --port 0 -o json >"$place/banner.json" &
emulator=$!
for _ in $(seq 200); do
    [ -s "$place/banner.json" ] && break
    kill -0 "$emulator"
    sleep 0.1
done
account() { # NUMBER KEY: of the banner's accounts
    python -c 'import json, sys; print(json.load(open(sys.argv[1]))["accounts"][int(sys.argv[2])][sys.argv[3]])' \
        "$place/banner.json" "$1" "$2"
}
key() { account "$1" keys | cut -d"'" -f2; }
endpoint=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["endpoint"])' "$place/banner.json")
source_id=$(account 0 subscriptionId)
target_id=$(account 1 subscriptionId)
echo "listening on $endpoint"

echo
echo "A profile for each subscription; the keys come from stdin, never from the command line:"
key 0 |
    run facesnap config init --profile prod --endpoint "$endpoint" --subscription-id "$source_id" --apply-scope "$target_id"
key 1 |
    run facesnap config init --profile dr --endpoint "$endpoint" --subscription-id "$target_id"

echo
echo "Take a snapshot of the person group employees, and find it again:"
run facesnap take --type PersonGroup --object-id employees
run facesnap list
run facesnap show latest

echo
echo "Apply it to the other subscription, and compare every person and face with the source:"
run facesnap apply latest --profile dr --object-id employees-copy --verify full

echo
echo "What the second subscription has now:"
run python "$people" "$endpoint" employees-copy < <(key 1)

echo
echo "What was done, and the snapshot's end:"
run facesnap status --all
run facesnap delete latest --yes --output id

echo
echo "Where the service has no snapshots any more, an archive file does it. Face returns no pictures, so keep your own:"
cd "$place"
key 0 | python "$people" "$endpoint" employees photos >/dev/null
run facesnap export --type PersonGroup --object-id employees --images photos --to employees.facesnap -o id
run facesnap import employees.facesnap --profile dr --object-id employees-rebuilt -o id
run python "$people" "$endpoint" employees-rebuilt < <(key 1)

echo
echo "Done: employees went from one subscription to another, once as a snapshot and once as a file."
