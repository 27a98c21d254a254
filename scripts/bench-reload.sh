#!/usr/bin/env bash
# What reading 10,000 routes anew takes, and what the decisions meanwhile notice of it. Nothing is asserted about time.
#
# wrk asks over one connection (more would fill two cores, and time slices would be measured), first in peace and then with a reload every two seconds; latencies are wrk's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly routes=${ROUTES:-10000} reloads=${RELOADS:-5} connections=${CONNECTIONS:-1} host=127.0.77.5 doorward=target/release/doorward

step() { printf 'bench-reload: %s\n' "$*"; }
fail() { printf 'bench-reload: error: %s\n' "$*" >&2; exit 1; }

dir=$(mktemp -d)
pid=
clean_up() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    wait
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A quarter each: exact paths, trees, one star, hosts of their own.
write_file() {
    printf 'proxy: traefik\nissuer: https://issuer.example\naudience: bench\nhmac_secret: %s\nroutes:\n' "$secret"
    awk -v routes="$routes" 'BEGIN {
        for (n = 0; n < routes; n++) {
            printf "  - {name: route-%d, match: {", n
            if (n % 4 == 0) printf "path: /v1/exact-%d/status", n
            if (n % 4 == 1) printf "path: \"/v1/tree-%d/**\"", n
            if (n % 4 == 2) printf "path: \"/v1/star-%d/*/keys\"", n
            if (n % 4 == 3) printf "host: tenant-%d.example.com", n
            print "}}"
        }
    }'
}

generation() { curl -sS "http://$host:8081/metrics" | awk '/^doorward_config_generation / {print $2}'; }

# Asks for a reload, and prints the milliseconds until it is in force, to within 50.
reload() {
    local before started
    before=$(generation)
    started=$(date +%s%N)
    kill -HUP "$pid"
    until [ "$(generation)" != "$before" ]; do
        sleep 0.05 # asking without a break would be most of the load
        [ $(($(date +%s%N) - started)) -lt 30000000000 ] || fail 'no new configuration within 30 s'
    done
    echo $((($(date +%s%N) - started) / 1000000))
}

# Drives the service for so many seconds; prints the latencies.
drive() {
    local said
    said=$(wrk -t1 "-c$connections" "-d$1s" --latency -H "Authorization: Bearer $token" -H 'X-Forwarded-Method: GET' \
        -H 'X-Forwarded-Host: api.example.com' -H "X-Forwarded-Uri: /v1/exact-$((routes - 4))/status" "http://$host:8080/verify")
    [[ $said != *Non-2xx* && $said != *'Socket errors'* ]] || fail "$said"
    awk '/^ +(50|90|99)%/ {printf "%s %s  ", $1, $2} /^Requests\/sec/ {printf "%s requests/s\n", $2}' <<<"$said"
}

command -v wrk >/dev/null || fail 'wrk is missing (make setup)'
secret=$(openssl rand -hex 32)
write_file >"$dir/doorward.yaml"
token=$("$doorward" token issue --hmac-secret-file - --issuer https://issuer.example --audience bench <<<"$secret")
env -i DOORWARD_LISTEN="$host:8080" DOORWARD_ADMIN_LISTEN="$host:8081" DOORWARD_WORKERS=1 DOORWARD_ACCESS_LOG=off \
    DOORWARD_LOG=error "$doorward" serve --config "$dir/doorward.yaml" >"$dir/out" 2>&1 &
pid=$!
for _ in {1..100}; do curl -sS "http://$host:8081/livez" >/dev/null 2>&1 && break; sleep 0.1; done

step "$routes routes, $(wc -c <"$dir/doorward.yaml") bytes"
drive 2 >/dev/null
readonly seconds=$((reloads * 2))
step "calm:      $(drive "$seconds")"
(for _ in $(seq "$reloads"); do sleep 1; reload; done) >"$dir/times" &
reloading=$!
step "reloading: $(drive "$seconds")"
wait "$reloading"
step "reloads took, in ms: $(tr '\n' ' ' <"$dir/times")"
