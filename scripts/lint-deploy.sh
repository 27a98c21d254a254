#!/usr/bin/env bash
# Checks the files under deploy/ with the programs that read them. Traefik has no check mode; the end-to-end tests run it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../deploy"

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
