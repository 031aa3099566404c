# `make help` lists the targets.

.PHONY: help build demo test bench lint clean

APP = src/web/app
BINARY = $(CURDIR)/target/cocalc-plus

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

build: ## build the shipped binary at target/cocalc-plus
	@install/dependencies.sh build
	@install/build.sh

demo: build ## show the main job against a throw-away sshd, until Ctrl-C
	@install/dependencies.sh demo
	@install/demo.sh

test: build ## run all tests: page, unit, real sshd, real Chromium
	@install/dependencies.sh test
	@echo "testing the page" >&2
	cd $(APP) && npm test
	@echo "testing the crate" >&2
	COCALC_PLUS_BIN=$(BINARY) cargo test --locked

bench: build ## measure
	COCALC_PLUS_BIN=$(BINARY) cargo bench --locked

lint: ## check format, lints, scripts and dependencies
	@install/dependencies.sh build
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	@if command -v shellcheck >/dev/null; then shellcheck install/*.sh .ci/run; \
	else echo "shellcheck is not installed: scripts unchecked" >&2; fi
	@if command -v cargo-deny >/dev/null; then cargo deny --offline check bans licenses sources; \
	else echo "cargo-deny is not installed: dependencies unchecked" >&2; fi

clean: ## remove everything that was built or installed here
	cargo clean
	rm -rf target $(APP)/node_modules $(APP)/dist
