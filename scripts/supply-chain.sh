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
    # Only what is built: the tool also lists what some feature of a dependency would bring. The place where it was built is
    # left out.
    cargo tree --locked --edges normal --target "$target" --prefix none >"$made/tree"
    python3 - "$name.json" "$made/tree" "$PWD" >"$made/$name.json" <<'PYTHON'
import json, sys

with open(sys.argv[1]) as file:
    bom = json.loads(file.read().replace("file://" + sys.argv[3], "file:///doorward"))
with open(sys.argv[2]) as tree:
    built = {tuple(line.split()[:2]) for line in tree}
bom.pop("serialNumber", None)
bom["components"] = [part for part in bom["components"] if (part["name"], "v" + part["version"]) in built]
known = {part["bom-ref"] for part in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
edges = [edge for edge in bom["dependencies"] if edge["ref"] in known]
bom["dependencies"] = [edge | {"dependsOn": [ref for ref in edge.get("dependsOn", []) if ref in known]} for edge in edges]
print(json.dumps(bom, indent=2))
PYTHON
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
