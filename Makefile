# Every command that a developer or a user of the tree needs. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON  ?= python3
CC      ?= cc
PREFIX  ?= /usr/local
INSTALL  = --prefix "$(PREFIX)" --destdir "$(DESTDIR)" $(if $(LIBDIR),--libdir "$(LIBDIR)") \
	$(if $(INCLUDEDIR),--includedir "$(INCLUDEDIR)") $(if $(MANDIR),--mandir "$(MANDIR)")
TARGET  := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# An interpreter that is asked for by name has an environment of its own, such as .venv-3.9.
SERIES  := $(if $(filter-out python3,$(PYTHON)),-$(or $(shell $(PYTHON) -c \
	'import sys; print("%d.%d%s" % (*sys.version_info[:2], sys.abiflags))'),$(error no Python: $(PYTHON))))
VENV    := $(CURDIR)/.venv$(SERIES)
BIN     := $(VENV)/bin
RUST    := $(shell git ls-files -co --exclude-standard 'rust-core/*' 'bindings/*' 2>/dev/null) Cargo.toml

.PHONY: help
help: ## Lists the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.PHONY: demo
demo: $(TARGET)/release/interop-peer $(TARGET)/interop/peer-c $(VENV)/.rsocket ## Builds all three languages and lets each talk to each
	@$(BIN)/python tests/interop/run.py --rust $(TARGET)/release/interop-peer \
		--c $(TARGET)/interop/peer-c --python $(BIN)/python

.PHONY: test
test: lint test-rust test-c test-python test-interop conformance-quick test-conformance test-packaging test-faults ## Runs every test of every language

.PHONY: test-rust
test-rust: ## Runs the tests of the Rust crate
	cargo test --workspace --exclude rsocket-python --all-features

.PHONY: test-peers
test-peers: ## Shows what other socket crates get wrong beside this one (ONLY=name for one scenario)
	RUSTC_BOOTSTRAP=rsocket_peers cargo run --quiet --manifest-path tests/peers/Cargo.toml \
		--target-dir $(TARGET)/peers -- $(ONLY)

.PHONY: coverage
coverage: ## Measures the lines of rust-core that its tests run (needs rustup's llvm-tools)
	tests/coverage.sh --lines

.PHONY: test-c
test-c: $(VENV)/.tools ## Runs the tests of the C library
	PATH="$(BIN):$$PATH" tests/c/run.sh header plain exports abi man panics packages examples two_archives

.PHONY: test-c-tools
test-c-tools: $(VENV)/.tools ## Runs the tests of the C library under sanitizers and valgrind, and counts its cost
	PATH="$(BIN):$$PATH" tests/c/run.sh sanitizers valgrind cost

.PHONY: test-python
test-python: $(VENV)/.rsocket ## Runs the tests of the Python module
	$(BIN)/python -m pytest tests/python

.PHONY: test-interop
test-interop: demo ## Runs the conversations, and programs built as users build them
	PATH="$(BIN):$$PATH" $(BIN)/python -m pytest tests/interop

.PHONY: conformance-quick
conformance-quick: $(VENV)/.rsocket ## Runs the interpreter's own socket tests on rsocket
	$(BIN)/python tests/conformance/run.py --quick

.PHONY: test-conformance
test-conformance: $(VENV)/.rsocket ## Shows that the conformance check can fail
	$(BIN)/python -m pytest tests/conformance

.PHONY: test-faults
test-faults: $(TARGET)/release/faults $(TARGET)/faults/faults-c $(VENV)/.rsocket ## Makes each system call of each operation fail (needs strace)
	$(BIN)/python tests/faults/run.py --rust $(TARGET)/release/faults \
		--c $(TARGET)/faults/faults-c --python $(BIN)/python

.PHONY: test-packaging
test-packaging: $(VENV)/.tools ## Builds and installs the Python package as its users do
	$(BIN)/python -m pytest tests/packaging

.PHONY: test-pythons
test-pythons: $(VENV)/.tools ## Runs the tests of Python on every other CPython there is
	$(BIN)/python tests/conformance/every_python.py --package

.PHONY: conformance
conformance: $(VENV)/.rsocket ## Runs every test of the interpreter PYTHON that opens a socket on rsocket
	$(BIN)/python tests/conformance/run.py --all

.PHONY: bench
bench: $(VENV)/.rsocket ## Measures every language beside its peers: rows as JSON in target/bench
	$(BIN)/python benches/all.py

.PHONY: bench-quick
bench-quick: $(VENV)/.rsocket ## The same with fewer turns, in three minutes
	$(BIN)/python benches/all.py --quick

.PHONY: bench-docs
bench-docs: ## Draws the charts and fills the tables of docs/benchmarks.md from the last bench
	$(PYTHON) benches/charts.py

.PHONY: bench-rust
bench-rust: ## Measures the crate beside other crates (needs valgrind)
	benches/run-rust.sh

.PHONY: bench-python
bench-python: $(VENV)/.rsocket ## Measures the Python module beside the interpreter's socket
	$(BIN)/python benches/python/run.py

.PHONY: bench-c
bench-c: ## Counts what a call of the C library costs beside POSIX and libuv (needs valgrind and strace)
	tests/c/bench/run.py

.PHONY: lint
lint: $(VENV)/.tools ## Checks formatting and lints of every language
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features --exclude rsocket-python
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: format
format: $(VENV)/.tools ## Formats every language
	cargo fmt --all
	$(BIN)/ruff format .

.PHONY: docs
docs: ## Builds the documentation of the Rust crate
	cargo doc -p rsocket-core --no-deps --all-features

.PHONY: develop
develop: $(VENV)/.rsocket ## Builds the Python module into a virtual environment, .venv

.PHONY: wheel-pgo
wheel-pgo: $(VENV)/.tools ## Builds a wheel of the Python module, guided by a profile (needs llvm-profdata)
	benches/wheel-pgo.sh $(BIN)/python dist

.PHONY: install
install: ## Installs the C library below PREFIX (default /usr/local)
	bindings/c/install.sh $(INSTALL)

.PHONY: uninstall
uninstall: ## Removes what install put there, given the same PREFIX
	bindings/c/install.sh $(INSTALL) --uninstall

.PHONY: clean
clean: ## Removes everything that was built
	rm -rf target .venv* build dist python/rsocket/*.so

$(TARGET)/release/interop-peer: $(RUST) $(wildcard tests/interop/rust/src/*.rs)
	@echo "== Rust: the crate and its peer"
	cargo build --release -p rsocket-interop
	@touch $@

$(TARGET)/release/librsocket.a: $(RUST)
	@echo "== C: the library"
	cargo build --release -p rsocket-c
	@touch $@

$(TARGET)/interop/peer-c: tests/interop/peer.c $(TARGET)/release/librsocket.a include/rsocket.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude $< -o $@ \
		$(TARGET)/release/librsocket.a -lgcc_s -lpthread -ldl -lm

$(TARGET)/release/faults: $(RUST) $(wildcard tests/faults/rust/src/*.rs)
	cargo build --release -p rsocket-faults
	@touch $@

$(TARGET)/faults/faults-c: tests/faults/faults.c $(TARGET)/release/librsocket.a include/rsocket.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude $< -o $@ \
		$(TARGET)/release/librsocket.a -lgcc_s -lpthread -ldl -lm

$(VENV)/.tools: tests/requirements.txt
	@echo "== Python: tools in .venv"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(VENV)/.rsocket: $(VENV)/.tools pyproject.toml $(RUST)
	@echo "== Python: the module"
	VIRTUAL_ENV=$(VENV) $(BIN)/maturin develop --release
	@touch $@
