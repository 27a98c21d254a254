#!/usr/bin/env bash
# The Debian package, of the release build that is there: target/debian/doorward_*.deb. Arguments are cargo-deb's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

cargo_tool cargo-deb 3.8.0
[ -x target/release/doorward ] || fail 'target/release/doorward is missing' 'make build'
have dpkg-shlibdeps || fail 'dpkg-shlibdeps is missing: the package would not say which libc it needs' 'apt-get install dpkg-dev'
scripts/shell-files.sh target/release/doorward target/shell
cargo deb --no-build --no-strip --locked "$@" # the release profile has stripped it
