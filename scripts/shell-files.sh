#!/usr/bin/env bash
# What a shell has of a program: manual pages and completions, made by the program itself.
#   scripts/shell-files.sh target/release/doorward target/shell
set -euo pipefail
program=$1
dir=$2

rm -rf "$dir"
mkdir -p "$dir/man" "$dir/bash" "$dir/zsh" "$dir/fish"
"$program" man --directory "$dir/man"
"$program" completion bash >"$dir/bash/doorward"
"$program" completion zsh >"$dir/zsh/_doorward"
"$program" completion fish >"$dir/fish/doorward.fish"
