#!/usr/bin/env bash
# Installs what `make bench` measures beside doorward: Debian packages, and Go programs into .tools/peers, each at a
# pinned version. What cannot be installed is noted with the reason in .tools/peers/missing.tsv, and the table says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly packages=(apache2 libapache2-mod-oauth2 haproxy nginx wrk)
# Name, module and version. A module's own go.sum says what its dependencies must be.
readonly go_programs=(
    'oauth2-proxy github.com/oauth2-proxy/oauth2-proxy/v7 v7.15.6'
    'oathkeeper github.com/ory/oathkeeper v0.40.9'
    'heimdall github.com/dadrus/heimdall v0.17.2'
    'nginx-subrequest-auth-jwt github.com/carlpett/nginx-subrequest-auth-jwt e8eb721d2b05'
)
readonly minutes=${MINUTES:-10} peers=$PWD/.tools/peers
export PATH="$PWD/.tools/venv/bin:$PATH:/usr/sbin:/sbin"

step() { printf 'bench-peers: %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_packages() {
    local missing=()
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed' || missing+=("$package")
    done
    [ "${#missing[@]}" != 0 ] || return 0
    step "Debian packages: ${missing[*]}"
    as_root apt-get update -qq
    # A server that starts because it is installed would be in the way of the measurements.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Builds a copy of the module as its authors do. Into the log goes what went wrong.
build() {
    local name=$1 module=$2 version=$3 source
    source=$(mktemp -d)
    (
        set -e
        cd "$source"
        go mod download -json "$module@$version" >download.json
        cp -r "$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' download.json)" program
        chmod -R u+w program
        cd program
        timeout "${minutes}m" nice -n 19 go build -trimpath -o "$peers/bin/$name" .
    ) >"$source/log" 2>&1 || {
        [ ! -s "$source/download.json" ] || cat "$source/download.json" >>"$source/log"
        cp "$source/log" "$peers/$name.log"
        chmod -R u+w "$source" && rm -rf "$source"
        return 1
    }
    chmod -R u+w "$source" && rm -rf "$source"
}

# A word or two about why.
reason() {
    grep -oE '[45][0-9][0-9] [A-Z][a-z]+( [A-Z][a-z]+)*' "$peers/$1.log" | tail -n 1 | grep . || echo 'see its log'
}

install_go_program() {
    local name=$1 module=$2 version=$3
    if [ -x "$peers/bin/$name" ] && grep -qxF "$name	$version" "$peers/versions.tsv" 2>/dev/null; then
        return
    fi
    if ! command -v go >/dev/null; then
        printf '%s\tno Go toolchain on PATH\n' "$name" >>"$peers/missing.tsv"
        return
    fi
    step "$name $version"
    if build "$name" "$module" "$version"; then
        printf '%s\t%s\n' "$name" "$version" >>"$peers/versions.tsv"
    else
        printf '%s\tversion %s could not be fetched or built: %s\n' "$name" "$version" "$(reason "$name")" \
            >>"$peers/missing.tsv"
        step "$name is missing: $(tail -n 1 "$peers/missing.tsv" | cut -f 2)"
    fi
}

mkdir -p "$peers/bin"
: >"$peers/missing.tsv"
install_packages
for program in "${go_programs[@]}"; do
    read -r name module version <<<"$program"
    install_go_program "$name" "$module" "$version"
done
step 'ready'
