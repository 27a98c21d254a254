# `make` lists the targets. Everything runs one after the other: cargo uses all cores by itself.
.NOTPARALLEL:
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# The pinned tools first. sbin is where Debian keeps nginx, and not on every user's PATH.
export PATH := $(CURDIR)/.tools/venv/bin:$(PATH):/usr/sbin:/sbin

SHELL_SCRIPTS = .ci/run benches/peers/install.sh $(wildcard scripts/*.sh)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: ## install what tests and linters need (Debian packages, .tools/)
	@scripts/setup.sh

.PHONY: test
test: setup keycloak fmt lint doc ## everything a change must pass, the quick checks first
	INSTA_UPDATE=no cargo test --locked
	scripts/guard.py

# In the background, beside the compiler: it is ready when the tests are. It ends when this `make` does, however that ends.
.PHONY: keycloak
keycloak: setup
	@scripts/keycloak.sh begin "$$PPID"

.PHONY: fmt
fmt: ## check the formatting
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

.PHONY: lint
lint: lint-shell lint-docker lint-deploy ## all linters
	cargo clippy --all-targets --locked -- -D warnings

.PHONY: lint-shell
lint-shell: ## shellcheck
	shellcheck -x $(SHELL_SCRIPTS)

.PHONY: lint-docker
lint-docker: ## hadolint
	hadolint Dockerfile

.PHONY: lint-deploy
lint-deploy: ## what is shipped under deploy/, by the programs that read it
	scripts/lint-deploy.sh

.PHONY: doc
doc: ## build the API documentation; a warning is an error
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --document-private-items

.PHONY: build
build: ## release build
	cargo build --release --locked

.PHONY: deb
deb: build ## Debian package in target/debian/
	scripts/deb.sh

.PHONY: deb-test
deb-test: build ## install, ask, upgrade and purge the Debian package in a chroot (root)
	scripts/deb-test.sh

.PHONY: image-test
image-test: build ## build the container image without a registry, and check it (root, buildah, podman)
	scripts/image-test.sh

.PHONY: hung-mount-test
hung-mount-test: ## files on a file system whose server has gone (root, /dev/fuse)
	cargo test --locked --test it -- --ignored hung_mount

.PHONY: deny
deny: ## licences, banned crates and sources of all dependencies (no network)
	scripts/supply-chain.sh deny

.PHONY: advisories
advisories: ## known vulnerabilities of dependencies (fetches the RustSec database)
	scripts/supply-chain.sh advisories

.PHONY: sbom
sbom: ## what the program is made of, as CycloneDX
	scripts/supply-chain.sh sbom

.PHONY: reproducible
reproducible: ## build twice and compare (minutes)
	scripts/reproducible.sh

.PHONY: demo
demo: ## everything embedded, with curl lines to try
	cargo run --release --locked -- demo

.PHONY: bench
bench: setup bench-build ## the running service beside others, on two idle cores (docs/benchmarks.md)
	benches/peers/bench.py peers $(BENCH_OPTIONS)

.PHONY: bench-peers
bench-peers: setup ## install what `make bench` compares with (half an hour)
	benches/peers/install.sh

.PHONY: bench-proxies
bench-proxies: setup bench-build ## what asking doorward costs each proxy (docs/proxies.md)
	benches/peers/bench.py proxies $(BENCH_OPTIONS)

.PHONY: bench-scale
bench-scale: setup bench-build ## cost over tokens, size and connections; memory; start (docs/benchmarks.md)
	benches/peers/bench.py scale $(BENCH_OPTIONS)

.PHONY: bench-features
bench-features: setup bench-build ## other credentials, introspection, directory (docs/benchmarks.md)
	benches/peers/bench.py features $(BENCH_OPTIONS)

.PHONY: bench-report
bench-report: ## the same pages from the results that are there
	benches/peers/bench.py report

.PHONY: bench-build
bench-build: build
	cargo build --release --locked --example bare --example calls --example load --example signature

.PHONY: bench-micro
bench-micro: ## micro-benchmarks
	cargo bench --locked --bench main --bench judge

.PHONY: guard
guard: setup ## count the instructions of a decision; more than GUARD_MARGIN (5) % above benches/guard.json is an error
	scripts/guard.py $(if $(GUARD_MARGIN),--margin $(GUARD_MARGIN))

.PHONY: guard-baseline
guard-baseline: setup ## write benches/guard.json anew: after a change that is meant, or for another toolchain
	scripts/guard.py --renew

.PHONY: allocations
allocations: ## what a judgement takes from the heap
	cargo run --release --locked --example allocations

.PHONY: mutants
mutants: ## small mistakes put into the code on purpose, and whether the tests notice (an hour)
	scripts/mutants.sh

.PHONY: bench-reload
bench-reload: setup bench-build ## reading 10,000 routes anew, and what decisions notice of it (docs/benchmarks.md)
	benches/peers/bench.py reload $(BENCH_OPTIONS)

.PHONY: differential
differential: ## two million generated tokens, judged by another implementation too (minutes)
	@cargo run --release --locked --example differential

.PHONY: soak
soak: build ## sustained load while issuers rotate, fail, hang and lie (SOAK_MINUTES, 10; SOAK_SEED)
	@cargo run --release --locked --example soak -- \
	    $(if $(SOAK_MINUTES),--minutes $(SOAK_MINUTES)) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

.PHONY: flood
flood: build ## random opaque tokens while the issuer is fast, slow, failing or hanging (FLOOD_TOKENS, 100000)
	@cargo run --release --locked --example flood -- $(if $(FLOOD_TOKENS),--tokens $(FLOOD_TOKENS))

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZ_SECONDS (600)
	scripts/fuzz.sh

.PHONY: clean-tools
clean-tools: ## remove .tools/ (Debian packages stay)
	rm -rf .tools
