#!/usr/bin/env bash
# Prints the path of a tar file with the smallest Debian 12 and the public roots: what debian:bookworm-slim is with
# ca-certificates, made here because no registry is asked. It takes a minute and is kept in .tools/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

readonly tar=$PWD/.tools/bookworm.tar

if [ ! -e "$tar" ]; then
    [ "$(id -u)" = 0 ] || fail 'making a Debian root needs root' 'sudo make image-test'
    have debootstrap || fail 'debootstrap is missing' 'apt-get install debootstrap'
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    step 'debootstrap' >&2
    debootstrap --variant=minbase --include=ca-certificates bookworm "$dir" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; fail 'debootstrap failed'; }
    rm -f "$dir.log" "$dir"/var/cache/apt/archives/*.deb
    tar -C "$dir" --one-file-system -cf "$tar.new" .
    mv "$tar.new" "$tar"
fi
printf '%s\n' "$tar"
