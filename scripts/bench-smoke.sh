#!/usr/bin/env bash
# The release build under wrk, beside a bare actix handler that sends the same answer and checks nothing.
# Nothing is asserted about time, which belongs to the machine; only an answer other than 200 is a failure.
#
# Each server has one worker and core 0 to itself while it is driven; wrk has core 1. The servers take turns in several
# rounds, and medians are shown. What counts is the server's own CPU time per request: requests per second also tell
# what else the machine was doing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly rounds=${ROUNDS:-5} seconds=${SECONDS_PER_ROUND:-3} connections=32
readonly doorward=target/release/doorward bare=target/release/examples/bare
readonly rows=(bare cached logged uncached)
declare -rA titles=(
    [bare]='bare actix handler' [cached]='doorward, token cached' [logged]='same, with access log'
    [uncached]='same, without token cache'
)
# Each server has a loopback address of its own, so that no port of the machine is in the way.
declare -rA hosts=([bare]=127.0.77.1 [cached]=127.0.77.2 [logged]=127.0.77.3 [uncached]=127.0.77.4)
declare -A pids=()

step() { printf 'bench-smoke: %s\n' "$*"; }
fail() { printf 'bench-smoke: error: %s\n' "$*" >&2; exit 1; }

dir=$(mktemp -d)
clean_up() {
    [ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Runs a command in the background, on core 0, as the server of this row.
start() {
    local row=$1
    shift
    taskset -c 0 "$@" </dev/null >"$dir/$row.out" 2>"${stderr:-$dir/$row.err}" &
    pids[$row]=$!
}

# Starts doorward as the server of this row, with these further settings.
start_doorward() {
    local row=$1
    shift
    start "$row" env -i DOORWARD_LISTEN="${hosts[$row]}:8080" DOORWARD_ADMIN_LISTEN="${hosts[$row]}:8081" \
        DOORWARD_ISSUER=https://issuer.example DOORWARD_AUDIENCE=bench DOORWARD_PUBLIC_KEY_FILE="$dir/public.pem" \
        DOORWARD_WORKERS=1 DOORWARD_LOG=error DOORWARD_ACCESS_LOG=off "$@" "$doorward" serve
}

# Asks the server of this row once. Its answer must be 200; its head is kept for comparison, without what is never equal.
ask() {
    local row=$1 answer
    for _ in {1..100}; do
        kill -0 "${pids[$row]}" 2>/dev/null || fail "${titles[$row]} ended: $(cat "$dir/$row.err")"
        if answer=$(curl -sS -i -H "Authorization: Bearer $token" "http://${hosts[$row]}:8080/verify" 2>"$dir/curl.err"); then
            [[ $answer == 'HTTP/1.1 200 '* ]] || fail "${titles[$row]} answered ${answer%%$'\r'*}"
            tr -d '\r' <<<"$answer" | grep -iv '^date:' | sort >"$dir/$row.head"
            return
        fi
        sleep 0.05
    done
    fail "${titles[$row]}: $(cat "$dir/curl.err")"
}

resident_kib() { awk '/^VmRSS:/ {print $2}' "/proc/${pids[$1]}/status"; }

# utime + stime, in clock ticks; the name in front of them may hold blanks.
cpu_ticks() { sed 's/.*) //' "/proc/${pids[$1]}/stat" | awk '{print $12 + $13}'; }

# Drives the server of this row; appends requests per second and CPU microseconds per request to its figures.
drive() {
    local row=$1 before after said
    before=$(cpu_ticks "$row")
    said=$(taskset -c 1 wrk -t1 "-c$connections" "-d${seconds}s" -H "Authorization: Bearer $token" \
        "http://${hosts[$row]}:8080/verify")
    after=$(cpu_ticks "$row")
    [[ $said != *Non-2xx* && $said != *'Socket errors'* ]] || fail "${titles[$row]}: $said"
    awk -v ticks="$((after - before))" -v hertz="$(getconf CLK_TCK)" '
        /requests in/ {requests = $1}
        /^Requests\/sec/ {print $2, ticks / hertz * 1e6 / requests}' <<<"$said" >>"$dir/$row.figures"
}

# The median of a list of numbers, one a line.
median() { sort -g | awk '{n[NR] = $1} END {print (n[int((NR + 1) / 2)] + n[int(NR / 2) + 1]) / 2}'; }

# The median of one column of a row's figures, and of its ratio to the bare handler's of the same round.
figure() { awk -v column="$2" '{print $column}' "$dir/$1.figures" | median; }
ratio() { paste -d ' ' "$dir/$1.figures" "$dir/bare.figures" | awk "{print $2}" | median; }

[ "$(nproc)" -ge 2 ] || fail 'two cores are needed: one for the server and one for wrk'
for command in wrk taskset openssl curl; do
    command -v "$command" >/dev/null || fail "$command is missing; make setup installs it"
done
step 'building the bare handler'
cargo build --quiet --release --locked --example bare
[ -x "$doorward" ] || fail "$doorward is missing; make build makes it"

openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$dir/private.pem"
openssl pkey -in "$dir/private.pem" -pubout -out "$dir/public.pem"
token=$("$doorward" token issue --key-file "$dir/private.pem" --issuer https://issuer.example --audience bench \
    --subject alice --scope 'read write' --claims '{
        "client_id": "bench", "email": "alice@example.com", "email_verified": true, "name": "Alice Example", "locale": "en-GB",
        "jti": "5f0c1c9e-8a53-4b52-9f6d-2a4f6b7c8d9e", "sid": "f2b1c7a0-63d4-4c0e-9a18-7d5e4c3b2a10",
        "groups": ["administrators", "engineering", "on-call", "release-managers"]
    }')

start bare "$bare" "${hosts[bare]}:8080"
start_doorward cached
stderr=/dev/null start_doorward logged DOORWARD_ACCESS_LOG=all
start_doorward uncached DOORWARD_TOKEN_CACHE_CAPACITY=0
for row in "${rows[@]}"; do
    ask "$row"
    cmp -s "$dir/bare.head" "$dir/$row.head" || fail "not the same answer: $(diff "$dir/bare.head" "$dir/$row.head")"
done
idle=$(resident_kib cached)

for ((round = 1; round <= rounds; round++)); do
    for row in "${rows[@]}"; do
        step "round $round of $rounds: ${titles[$row]}"
        drive "$row"
    done
done

printf '\n%-28s %12s %12s %14s %12s\n' "medians of $rounds rounds" requests/s 'of bare' 'CPU/request' 'bare/this'
for row in "${rows[@]}"; do
    # shellcheck disable=SC2016 # awk's own fields
    printf '%-28s %12.0f %12.2f %11.2f µs %12.2f\n' "${titles[$row]}" "$(figure "$row" 1)" "$(ratio "$row" '$1 / $3')" \
        "$(figure "$row" 2)" "$(ratio "$row" '$4 / $2')"
done
printf '\nresident: %.1f MiB after the first request, %.1f MiB after the last\n' \
    "$(awk "BEGIN {print $idle / 1024}")" "$(awk "BEGIN {print $(resident_kib cached) / 1024}")"
printf 'RS256 token of %d bytes, %d connections, %d s a round\n' "${#token}" "$connections" "$seconds"
printf '%s; %s; actix-web %s; %s; Linux %s\n' "$("$doorward" --version)" "$(rustc --version)" \
    "$(awk '/^name = "actix-web"$/ {getline; gsub(/.*= "|"/, ""); print}' Cargo.lock)" \
    "$(wrk -v 2>&1 | awk 'NR == 1 {print $1, $2}')" "$(uname -r)"
