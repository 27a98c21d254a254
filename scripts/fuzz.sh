#!/usr/bin/env bash
# Fuzzes each target for FUZZ_SECONDS, one after the other; the first finding is a failure. `scripts/fuzz.sh a b` takes
# these targets only; `scripts/fuzz.sh --keep` adds to fuzz/corpus/ what earlier runs found and it does not have yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

readonly seconds=${FUZZ_SECONDS:-600} version=0.13.2
readonly grown=fuzz/grown # not in the repository: most of what is found there adds little to what is kept

# Fuzzing takes flags that only an unstable compiler knows; so it is asked to behave like one. The code is the same.
export RUSTC_BOOTSTRAP=1

# Runs the target on the directories given; only the first of them is written to.
run() {
    local target=$1
    shift
    cargo fuzz run "$target" "$@"
}

fuzz() {
    local target=$1
    mkdir -p "$grown/$target"
    step "$target for $seconds s"
    run "$target" "$grown/$target" "fuzz/corpus/$target" -- -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
        -dict="fuzz/dictionaries/$target.dict" -max_len=16000 \
        || fail "$target has a finding: fuzz/artifacts/$target/" 'mend it, and keep the input in fuzz/corpus/ under a name that says what it was'
}

# A file for each new way through the code, whatever the number of times it is gone.
keep() {
    local target=$1
    mkdir -p "$grown/$target"
    step "$target: keeping what is new"
    run "$target" "fuzz/corpus/$target" "$grown/$target" -- -set_cover_merge=1 -use_counters=0 -max_len=16000 || fail "$target: merging failed"
}

have c++ || fail 'there is no C++ compiler, which libFuzzer is built with' 'apt-get install g++, or clang'
cargo_tool cargo-fuzz "$version"

action=fuzz
if [ "${1-}" = --keep ]; then
    action=keep
    shift
fi
targets=("$@")
[ "$#" != 0 ] || mapfile -t targets < <(cargo fuzz list)
for target in "${targets[@]}"; do
    "$action" "$target"
done
step 'nothing found'
