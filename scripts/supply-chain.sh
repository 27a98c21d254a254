#!/usr/bin/env bash
# What the program is built of: `deny` checks licences, banned crates and sources without network, `advisories` fetches the
# RustSec database and asks it, `sbom` writes a CycloneDX list of what is in the program. Results: docs/supply-chain.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/messages.sh

readonly deny=0.20.2 cyclonedx=0.5.9

# The lists are the service's; it is published for this target, and what only tests and builds need is not in it.
sbom() {
    local made=target/sbom target=x86_64-unknown-linux-gnu name=doorward.cdx
    mkdir -p "$made"
    # The time of the last change instead of now, so that the same sources make the same list.
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$target" \
        --no-build-deps --override-filename "$name"
    # Where it was built is nobody's business.
    sed "s|file://$PWD|file:///doorward|g; /\"serialNumber\"/d" "$name.json" >"$made/$name.json"
    rm "$name.json"
    step "$made/$name.json"
}

case ${1-} in
    deny)
        cargo_tool cargo-deny "$deny"
        cargo deny --offline --locked check licenses bans sources
        ;;
    advisories)
        cargo_tool cargo-deny "$deny"
        cargo deny --locked check advisories
        ;;
    sbom)
        cargo_tool cargo-cyclonedx "$cyclonedx"
        sbom
        ;;
    *) fail "what? (${1-nothing was asked for})" 'deny, advisories or sbom' ;;
esac
