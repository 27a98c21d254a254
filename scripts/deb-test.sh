#!/usr/bin/env bash
# Installs the Debian package into a Debian of its own (chroot), configures it as an administrator would, asks it, upgrades
# it and removes it without a trace. Needs root. systemd does not run there: the unit's own command line is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

readonly host=127.0.77.7
readonly verify=http://$host:8080/verify/nginx admin=http://$host:8081

[ "$(id -u)" = 0 ] || fail 'installing into a chroot needs root' 'sudo make deb-test'
dir=$(mktemp -d)
root=$dir/root
pid=
stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    wait
    pid=
}
trap 'stop; rm -rf "$dir"' EXIT

inside() { chroot "$root" "$@"; }
status() { curl -sS -o /dev/null -w '%{http_code}' "$@"; }
expect() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }

# The command line of the installed unit, with the environment of its EnvironmentFile and nothing else.
start() {
    local command
    command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/doorward.service")
    # shellcheck disable=SC2046,SC2086 # words
    env -i PATH="$PATH" $(grep -v '^#' "$root/etc/default/doorward") chroot "$root" $command >"$dir/log" 2>&1 &
    pid=$!
    for _ in {1..100}; do
        ! curl -sS "$admin/healthz" >/dev/null 2>&1 || return 0
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    fail "it does not start: $(cat "$dir/log")"
}

decisions() {
    expect "$1, no token" "$(status "$verify")" 401
    expect "$1, a token" "$(status -H "Authorization: Bearer $token" "$verify")" 200
    expect "$1, a broken token" "$(status -H "Authorization: Bearer $token.x" "$verify")" 401
}

rootfs=$(scripts/rootfs.sh)
step 'two packages'
scripts/deb.sh --fast --output "$dir/one.deb" >/dev/null
scripts/deb.sh --fast --deb-revision 2 --output "$dir/two.deb" >/dev/null
mkdir "$root"
tar -C "$root" -xf "$rootfs"
cp "$dir"/*.deb "$root/tmp"
inside dpkg-query -W >"$dir/before"
inside find /etc /usr -xdev | sort >"$dir/files"

step 'installing'
inside dpkg -i /tmp/one.deb >"$dir/log" 2>&1 || fail "$(cat "$dir/log")"
inside doorward --version
[ -s "$root/usr/share/bash-completion/completions/doorward" ] || fail 'the shell completes nothing'
code=0
inside doorward serve --config /etc/doorward/doorward.yaml 2>"$dir/log" || code=$?
expect 'without an issuer it refuses to start' "$code" 78

step 'configuring and asking'
inside openssl rand -hex 32 >"$root/etc/doorward/secret"
sed -i 's/^#issuer:/issuer:/; s/^#audience:/audience:/; s/^#proxy:/proxy:/' "$root/etc/doorward/doorward.yaml"
cat >>"$root/etc/default/doorward" <<ENV
DOORWARD_HMAC_SECRET_FILE=/etc/doorward/secret
DOORWARD_HMAC_SECRET_ENCODING=hex
DOORWARD_LISTEN=$host:8080
DOORWARD_ADMIN_LISTEN=$host:8081
ENV
token=$(inside doorward token issue --hmac-secret-file /etc/doorward/secret --hmac-secret-encoding hex \
    --issuer https://idp.example.com/realms/main --audience my-api --subject alice)
start
decisions 'installed'
stop

step 'upgrading'
sha256sum "$root/etc/doorward/doorward.yaml" "$root/etc/default/doorward" >"$dir/configuration"
inside dpkg -i /tmp/two.deb >"$dir/log" 2>&1 </dev/null || fail "$(cat "$dir/log")"
expect 'version' "$(inside dpkg-query -W doorward | cut -f 2)" "$(dpkg-deb -f "$dir/two.deb" Version)"
sha256sum --quiet --check "$dir/configuration" || fail 'the upgrade changed the configuration'
start
decisions 'upgraded'
stop

step 'removing'
inside dpkg --remove doorward >"$dir/log" 2>&1 || fail "$(cat "$dir/log")"
[ ! -e "$root/usr/bin/doorward" ] || fail 'the program is still there'
sha256sum --quiet --check "$dir/configuration" || fail 'removing took the configuration'
rm "$root/etc/doorward/secret"
inside dpkg --purge doorward >"$dir/log" 2>&1 || fail "$(cat "$dir/log")"
inside find /etc /usr -xdev | sort | diff "$dir/files" - || fail 'purging left a trace'
inside dpkg-query -W | diff "$dir/before" - || fail 'purging left a package'
step 'installed, asked, upgraded, purged'
