#!/usr/bin/env bash
# One Keycloak for all tests of a run, in target/keycloak, with the realms of deploy/keycloak and tests/keycloak.
#   scripts/keycloak.sh begin PID   starts it in the background, if none runs, for a process and at most as long as that lives
#   scripts/keycloak.sh address     starts it likewise, waits until it is ready, and prints where it listens; for callers that
#                                   hold a shared lock on target/keycloak/users
# Every process that uses Keycloak holds a shared lock on the file `users`. The system releases a lock when its process ends, even if
# it was killed; so Keycloak ends with the run. The file `running` is locked as long as there is an instance.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly tools=$PWD/.tools/keycloak
readonly place=$PWD/target/keycloak
readonly home=$place/home
readonly patience=180 # seconds; it takes about ten where nothing else runs

fail() { printf 'keycloak: error: %s\n' "$1" >&2; [ -z "${2-}" ] || printf 'keycloak: hint: %s\n' "$2" >&2; exit 1; }

# Its own directories beside the installed program, and a copy of the database that has the schema already.
lay_out() {
    rm -rf "$home"
    mkdir -p "$home/conf" "$home/data/h2" "$home/data/import" "$home/tmp"
    ln -s "$tools/dist/lib" "$tools/dist/providers" "$tools/dist/themes" "$home/"
    cp "$tools/dist/data/h2/keycloakdb.mv.db" "$home/data/h2/"
    cp deploy/keycloak/realm.json "$home/data/import/acme.json"
    cp tests/keycloak/realm.json "$home/data/import/tests.json"
}

# As kc.sh starts it, but as a direct child that ends with this shell, with less memory and the quick compiler only.
run() {
    local options=(
        -Xms64m -Xmx384m -XX:MaxMetaspaceSize=256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError
        -XX:-UsePerfData "-Djava.io.tmpdir=$home/tmp" # nothing in the system's directory
        -Duser.language=en -Duser.country=US
        --add-opens=java.base/java.{util,util.concurrent,security,lang}"=ALL-UNNAMED" --enable-native-access=ALL-UNNAMED
        -Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory
        -Djava.util.logging.manager=org.jboss.logmanager.LogManager -Dpicocli.disable.closures=true
        "-Dkc.home.dir=$home" "-Djboss.server.config.dir=$home/conf"
        -cp "$tools/dist/lib/quarkus-run.jar" io.quarkus.bootstrap.runner.QuarkusEntryPoint
    )
    exec setpriv --pdeathsig KILL java "${options[@]}" start --optimized --import-realm --cache=local \
        --http-enabled=true --http-host=127.0.0.1 --http-port=0 --http-management-port=0 --hostname-strict=false
}

# The port is in its log, and so is that the realms are there.
announce() {
    local java=$1 port
    until grep -q 'Bootstrap completed' "$place/log" && grep -q 'Listening on' "$place/log"; do
        kill -0 "$java" 2>/dev/null || return 0
        sleep 0.1
    done
    port=$(sed -n 's,.*Listening on: http://127\.0\.0\.1:\([0-9]*\).*,\1,p' "$place/log")
    printf '127.0.0.1:%s\n' "$port" >"$place/address.new"
    mv "$place/address.new" "$place/address"
}

# Runs an instance until no process uses it. Does nothing if another process already runs one.
keep() {
    local java users
    exec 7<>"$place/running"
    flock -w 2 -x 7 || exit 0
    rm -f "$place/address" "$place/failed"
    lay_out
    (run) >"$place/log" 2>&1 7>&- &
    java=$!
    announce "$java" 7>&- &
    exec 8<>"$place/users"
    flock -x 8 7>&- &
    users=$!
    wait -n "$java" "$users" || true
    kill -0 "$users" 2>/dev/null && echo 'it ended by itself' >"$place/failed"
    kill -KILL "$java" "$users" 2>/dev/null || true
    wait
    rm -rf "$home" "$place/address"
}

start_keeper() {
    [ -e "$tools/stamp" ] || fail 'Keycloak is not installed' "run \`make setup\`"
    setsid "$0" keep >/dev/null 2>"$place/keeper.log" </dev/null 9>&- &
}

# Whether the address is that of an instance that runs.
ready() {
    [ -s "$place/address" ] && ! flock -n -s "$place/running" true
}

mkdir -p "$place"
case ${1-} in
    begin)
        exec 9<>"$place/users"
        flock -s 9
        start_keeper
        # Holds the lock for the process.
        tail --pid="$2" -f /dev/null >/dev/null 2>&1 </dev/null &
        ;;
    address)
        rm -f "$place/failed"
        start_keeper
        for ((tenths = 0; tenths < patience * 10; tenths++)); do
            ! ready || exec cat "$place/address"
            [ ! -e "$place/failed" ] || break
            sleep 0.1
        done
        tail -n 30 "$place/log" "$place/keeper.log" >&2 || true
        fail 'Keycloak did not start' "see $place/log"
        ;;
    keep) keep ;;
    *) fail "unknown command: ${1-}" "begin PID, or address" ;;
esac
