#!/usr/bin/env bash
# Builds the container image by the Dockerfile and checks what is promised of it. No registry is asked: the base is a Debian
# made here, and the "compiler" of the build stage hands over the release build that is there. Needs root (buildah, podman).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

readonly image=localhost/doorward:image-test base=localhost/doorward-base:image-test builder=localhost/doorward-builder:image-test
readonly program=target/release/doorward host=127.0.77.8
readonly verify=http://$host:8080/verify admin=http://$host:8081

[ "$(id -u)" = 0 ] || fail 'images are built as root here' 'sudo make image-test'
for command in buildah podman runc; do
    have "$command" || fail "$command is missing" 'apt-get install buildah podman runc'
done
[ -x "$program" ] || fail "$program is missing" 'make build'

dir=$(mktemp -d)
container=doorward-image-test-$$
clean_up() {
    podman rm --force --time 0 "$container" >/dev/null 2>&1 || true
    podman rmi --force "$image" "$builder" >/dev/null 2>&1 || true # the base is kept: it is the slow part
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

expect() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
inspect() { podman image inspect --format "$1" "$image"; }
status() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }

# The engine's own flags are for machines without limits of their own; then as a careful operator would.
run() {
    podman --runtime runc run --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --no-healthcheck \
        --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges "$@"
}

# Starts the service, with these further arguments to the engine, and waits until it answers.
start() {
    run --detach --name "$container" --env DOORWARD_LISTEN="$host:8080" --env DOORWARD_ADMIN_LISTEN="$host:8081" \
        --env DOORWARD_ISSUER=https://idp.example.com --env DOORWARD_AUDIENCE=my-api \
        --env DOORWARD_HMAC_SECRET_FILE=/run/secrets/secret --volume "$dir/secret:/run/secrets/secret:ro" "$@" "$image" >/dev/null
    for _ in {1..100}; do
        ! curl -sS "$admin/healthz" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    fail "it does not start: $(podman logs "$container" 2>&1)"
}

# --- Building.
podman image exists "$base" || podman import --quiet "$(scripts/rootfs.sh)" "$base" >/dev/null
step 'building'
cat >"$dir/cargo" <<'CARGO'
#!/bin/sh
# Stands in for the compiler: the program was built outside. What it is asked for must be what was built.
[ "$*" = 'build --release --locked --bin doorward' ] || { echo "cargo: $*" >&2; exit 1; }
[ -e Cargo.lock ] && [ -e src/main.rs ] || { echo 'the sources were not copied' >&2; exit 1; }
mkdir -p target/release
cp /program target/release/doorward
CARGO
chmod 755 "$dir/cargo"
work=$(buildah from --pull-never "$base")
buildah copy --quiet "$work" "$program" /program >/dev/null
buildah copy --quiet "$work" "$dir/cargo" /usr/local/bin/cargo >/dev/null
buildah commit --quiet --rm "$work" "$builder" >/dev/null
buildah bud --quiet --isolation chroot --format docker --pull-never \
    --build-arg BUILD_IMAGE="$builder" --build-arg RUNTIME_IMAGE="$base" --tag "$image" . >"$dir/log" 2>&1 || fail "$(cat "$dir/log")"

# --- What it says of itself.
expect 'user' "$(inspect '{{.Config.User}}')" 65532:65532
expect 'entry point' "$(inspect '{{json .Config.Entrypoint}}')" '["doorward"]'
expect 'command' "$(inspect '{{json .Config.Cmd}}')" '["serve"]'
expect 'health check' "$(inspect '{{json .Config.Healthcheck.Test}}')" '["CMD","doorward","health"]'
expect 'version' "$(inspect '{{index .Config.Labels "org.opencontainers.image.version"}}')" "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
expect 'licence' "$(inspect '{{index .Config.Labels "org.opencontainers.image.licenses"}}')" "$(sed -n 's/^license = "\(.*\)"/\1/p' Cargo.toml)"

# --- What it does.
openssl rand -hex 32 >"$dir/secret"
chmod 644 "$dir/secret"
step 'running'
expect 'version of the program' "$(run --rm "$image" --version)" "$("$program" --version)"
code=0
run --rm "$image" >"$dir/log" 2>&1 || code=$?
expect 'without an issuer it refuses to start' "$code" 78
roots=$(run --rm --entrypoint grep "$image" -c 'BEGIN CERTIFICATE' /etc/ssl/certs/ca-certificates.crt || true)
[ "$roots" -gt 100 ] || fail "$roots public roots: no JWKS could be fetched"
expect 'it wrote to its root' "$(run --rm --entrypoint touch "$image" /usr/local/bin/x 2>&1 | grep -c 'Read-only')" 1

: >"$dir/nothing" # in place of the shell, which nothing may need
start --volume "$dir/nothing:/usr/bin/dash:ro" --volume "$dir/nothing:/usr/bin/bash:ro"
token=$("$program" token issue --hmac-secret-file "$dir/secret" --issuer https://idp.example.com --audience my-api)
expect 'no token' "$(status "$verify")" 401
expect 'a token' "$(status -H "Authorization: Bearer $token" "$verify")" 200
pid=$(podman inspect --format '{{.State.Pid}}' "$container")
expect 'user of the process' "$(awk '/^Uid:/ {print $2, $3}' "/proc/$pid/status")" '65532 65532'
expect 'capabilities of the process' "$(awk '/^CapEff:/ {print $2}' "/proc/$pid/status")" 0000000000000000

# The words of the health check, in the container; then with a service that hangs.
mapfile -t check < <(inspect '{{range .Config.Healthcheck.Test}}{{println .}}{{end}}' | sed '/^$/d; 1d')
podman --runtime runc exec "$container" "${check[@]}" >/dev/null || fail 'a healthy service is called unhealthy'
kill -STOP "$pid"
code=0
timeout 10 podman --runtime runc exec "$container" "${check[@]}" >/dev/null 2>&1 || code=$?
kill -CONT "$pid"
expect 'a service that hangs' "$code" 1

podman stop --time 20 "$container" >/dev/null
expect 'SIGTERM' "$(podman inspect --format '{{.State.ExitCode}}' "$container")" 0
podman logs "$container" 2>&1 | grep -q '"message":"stopped"' || fail "it was not asked to stop: $(podman logs "$container" 2>&1 | tail -n 3)"

# --- The demo, as the README starts it, but on free ports. Each line of its page gets the status that is promised above it.
podman rm "$container" >/dev/null
run --detach --name "$container" "$image" demo --port 0 >/dev/null
for _ in {1..100}; do
    podman logs "$container" >"$dir/page" 2>/dev/null
    ! grep -q '/token -d' "$dir/page" || break
    sleep 0.05
done
lines=0
while read -r promised && read -r command; do
    expect "demo: $command" "$(bash -c "$command" 2>/dev/null | awk 'NR == 1 { print $2 }')" "$promised"
    lines=$((lines + 1))
done < <(sed -n 's/^# \([0-9]*\).*/\1/p; /^curl /p' "$dir/page")
[ "$lines" -gt 5 ] || fail "$lines lines of the demo: $(podman logs "$container" 2>&1)"
podman stop --time 20 "$container" >/dev/null
expect 'end of the demo' "$(podman inspect --format '{{.State.ExitCode}}' "$container")" 0
step "$(podman image inspect --format '{{.Size}}' "$image" | awk '{printf "%.0f MB, of which the base is ", $1 / 1e6}')$(podman image inspect --format '{{.Size}}' "$base" | awk '{printf "%.0f", $1 / 1e6}')"
