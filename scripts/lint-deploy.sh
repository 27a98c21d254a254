#!/usr/bin/env bash
# Checks the files under deploy/ with the programs that read them. Traefik has no check mode; the end-to-end tests run it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../deploy"
readonly tools=$PWD/../.tools

promtool check config prometheus/prometheus.yml
promtool test rules prometheus/doorward.rules_test.yml

# The nginx files belong into an http block. A socket file instead of port 80: this needs no root and no free port.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -r nginx/snippets "$dir"
sed "s|listen 80;|listen unix:$dir/socket;|" nginx/doorward.conf >"$dir/doorward.conf"
cat >"$dir/nginx.conf" <<CONF
pid nginx.pid;
error_log stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path tmp/body;
    proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi;
    uwsgi_temp_path tmp/uwsgi;
    scgi_temp_path tmp/scgi;
    include doorward.conf;
}
CONF
mkdir "$dir/tmp"
nginx -t -q -e stderr -p "$dir" -c "$dir/nginx.conf"

# Their own words come on stderr, and only the last of them matter.
check() {
    "$@" >"$dir/said" 2>&1 || { cat "$dir/said" >&2; exit 1; }
}
check caddy fmt --diff caddy/Caddyfile
check env XDG_DATA_HOME="$dir" XDG_CONFIG_HOME="$dir" caddy validate --adapter caddyfile --config caddy/Caddyfile
check envoy --mode validate -c envoy/envoy.yaml
check envoy --mode validate -c envoy/envoy-grpc.yaml
cp haproxy/doorward.lua "$dir"
sed "s|/etc/haproxy/|$dir/|" haproxy/haproxy.cfg >"$dir/haproxy.cfg"
check haproxy -c -f "$dir/haproxy.cfg"

# Kubernetes: rendered as `kubectl apply -k` would. Its own kinds by their schemas, the others by the definitions that their
# projects publish.
cp ../scripts/custom-resources.mjs "$tools/node/"
for place in kubernetes/base kubernetes/overlays/* kubernetes/proxies/*/; do
    kubectl kustomize "$place" >"$dir/$(basename "$place").yaml"
done
cp kubernetes/proxies/ingress-nginx/controller.yaml "$dir"
sed 's/#authorization/authorization/; s/#release/release/' kubernetes/components/monitoring/servicemonitor.yaml \
    >"$dir/servicemonitor-token.yaml"
sed 's/^    #\([- ]\) /    \1 /' kubernetes/base/networkpolicy.yaml >"$dir/networkpolicy-egress.yaml"
rendered=("$dir"/*.yaml)
kubernetes-validate --strict --quiet --no-warn "${rendered[@]}"
python - "${rendered[@]}" <<'PYTHON' | node "$tools/node/custom-resources.mjs"
import json, sys, yaml

for name in sys.argv[1:]:
    with open(name) as file:
        for document in yaml.safe_load_all(file):
            print(json.dumps(document))
PYTHON

# systemd: the program need not be installed here. The threshold is ten times the score, which is best at 0.
mkdir "$dir/units"
cp systemd/*.socket "$dir/units"
sed 's|^ExecStart=/usr/bin/doorward|ExecStart=/bin/true|' systemd/doorward.service >"$dir/units/doorward.service"
systemd-analyze verify --man=no "$dir"/units/*
systemd-analyze security --no-pager --offline=true --threshold=15 systemd/doorward.service | tail -n 1
