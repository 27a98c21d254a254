#!/usr/bin/env bash
# Makes small mistakes in the code that verifies tokens, one at a time, and runs the library's tests on each (cargo-mutants).
# A mistake that no test notices is a failure, unless docs/correctness.md names it and says why it does no harm.
# Arguments are handed on: `scripts/mutants.sh --shard 0/8`, `scripts/mutants.sh --iterate`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

readonly version=27.1.0 page=docs/correctness.md
readonly files=(-f 'src/jose/**/*.rs' -f 'src/verify/**/*.rs' -e src/jose/signing.rs) # the last one serves development only

# A back trace is not read here, and what it needs takes time to build.
export CARGO_PROFILE_DEV_DEBUG=0

# What survived and is not on the page, which lists mutants without line and column, because those move.
unexplained() {
    local mutant
    sed -E 's/:[0-9]+:[0-9]+:/:/' target/mutants.out/missed.txt | while IFS= read -r mutant; do
        grep -qF "\`$mutant\`" "$page" || printf '%s\n' "$mutant"
    done
}

cargo_tool cargo-mutants "$version"

status=0
cargo mutants --cargo-arg=--lib --output target "${files[@]}" "$@" || status=$?
case $status in
    0 | 2 | 3) ;; # 2: some survived; 3: some made the tests hang, which is noticed
    *) fail "cargo-mutants failed with status $status" ;;
esac

survivors=$(unexplained)
[ -z "$survivors" ] || fail "not noticed by any test, and not explained in $page:"$'\n'"$survivors" 'write the test, or take the code out'
step "all were noticed, or are explained in $page"
