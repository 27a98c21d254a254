#!/usr/bin/env bash
# Builds the release program twice, from two directories, and compares: the same sources and the same compiler make the same
# bytes. Takes two release builds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cargo_home=${CARGO_HOME:-$HOME/.cargo}

# A clone of what is committed, built in a directory of this name. Where the sources of the dependencies are ends up in panic
# messages and in aws-lc's assertions; where ours are does not. The flags are the same both times, for cargo derives names from them.
build() {
    local place=$dir/$1
    git clone --quiet . "$place"
    (cd "$place" && RUSTFLAGS="--remap-path-prefix=$cargo_home=/cargo" CFLAGS="-ffile-prefix-map=$cargo_home=/cargo" \
        CARGO_TARGET_DIR=$place/target CARGO_INCREMENTAL=0 cargo build --quiet --release --locked --bin doorward)
    sha256sum "$place/target/release/doorward" | cut -d ' ' -f 1
}

step 'first build'
first=$(build one)
step "$first"
step 'second build, elsewhere'
second=$(build somewhere/else)
step "$second"
if [ "$first" != "$second" ]; then
    mkdir -p target/reproducible
    cp "$dir/one/target/release/doorward" target/reproducible/one
    cp "$dir/somewhere/else/target/release/doorward" target/reproducible/else
    fail 'the builds differ' 'compare target/reproducible/one and target/reproducible/else'
fi
! strings -n 6 "$dir/one/target/release/doorward" | grep -F "$dir" || fail 'the program tells where it was built'
step 'the same'
