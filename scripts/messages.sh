# shellcheck shell=bash
# What the scripts that need a tool of cargo's say and do alike; to be sourced.

script=$(basename "$0" .sh)
readonly script
export PATH="$PWD/.tools/cargo/bin:$PATH"

step() { printf '%s: %s\n' "$script" "$*"; }
fail() {
    printf '%s: error: %s\n' "$script" "$1" >&2
    [ -z "${2-}" ] || printf '%s: hint: %s\n' "$script" "$2" >&2
    exit 1
}
have() { command -v "$1" >/dev/null; }

# Installs a tool of this version, if it is not there.
cargo_tool() {
    have cargo || fail 'cargo is not on PATH' 'install Rust: https://rustup.rs'
    have "$1" && return
    step "$1 $2"
    cargo install --quiet --locked --root .tools/cargo "$1" --version "$2" || fail "cargo install $1 failed"
}
