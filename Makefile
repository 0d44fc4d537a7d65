# Two commands matter: `make demo` and `make test`. Everything they need, they do.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory

export PATH := $(PATH):$(HOME)/.cargo/bin
# Outside the checkout, as are Python environments and clang-tidy's stamps.
export LAKEGATE_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lakegate/target
export JOBS ?= $(shell nproc)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
# Compiled objects are shared between checkouts.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
PREFIX ?= /usr/local

# One release build of the bridge serves every preset. Clippy is the compiler's driver here, so
# that a denied lint fails this build and nothing is compiled twice.
CARGO = cd bridge && CARGO_TARGET_DIR="$(LAKEGATE_TARGET_DIR)" \
  RUSTC_WORKSPACE_WRAPPER="$$(rustc --print sysroot)/bin/clippy-driver" cargo
RUN_TESTS = python3 tools/run_tests.py

.PHONY: setup bridge build test test-rust test-cpp test-tsan test-e2e lint format demo soak fuzz \
  bench notices install clean help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## setup      install what is missing (as root), or print the command that does
setup:
	@tools/setup.sh

## bridge     the Rust bridge, release, shared by every preset
bridge: setup
	@$(CARGO) build --release --locked --jobs $(JOBS)

## build      the product: build/lakegate and build/liblakegate.so
build: bridge
	@mkdir -p build
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@cmake --build --preset release
	@tools/link_product.sh build/release

## test       everything that every change must pass; ends with "N passed, N failed"
test: bridge
	@$(RUN_TESTS) lint rust dev tsan e2e

## test-rust, test-cpp, test-tsan, test-e2e, lint   one runner of `make test`
test-rust: bridge
	@$(RUN_TESTS) rust
test-cpp: bridge
	@$(RUN_TESTS) dev
test-tsan: bridge
	@$(RUN_TESTS) tsan
test-e2e: build
	@$(RUN_TESTS) e2e
lint: bridge
	@$(RUN_TESTS) lint

## format     rewrite sources as clang-format and rustfmt want them
format: setup
	@git ls-files '*.cc' '*.h' '*.cpp' | xargs clang-format-16 -i
	@cd bridge && cargo fmt

## demo       the main job on real input: which function makes each call in the standard library
demo: build
	@examples/code_map/demo.sh build/lakegate

## soak       longer tests: more crash points and damaged files, 10,000 hostile statements in one
##            process, the 50-million-row write
soak: build
	@LAKEGATE_SOAK=1 $(RUN_TESTS) e2e
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev --target session_test
	@LAKEGATE_HOSTILE_STATEMENTS=10000 LAKEGATE_RANGE_JOIN_CASES=10000 \
	  LAKEGATE_TOP_ROWS_CASES=10000 build/dev/src/session/session_test \
	  --gtest_filter='HostileText*:*RangeJoinsOfAKind*:TopRows.AreThose*'
	@python3 bench/write_50m.py

## fuzz       every fuzz target for FUZZ_SECONDS (60 each); what it finds is left in build/fuzz
##            (needs clang-16 and libclang-rt-16-dev)
FUZZ_SECONDS ?= 60
FUZZ_TARGETS = sql toml arrays abi
fuzz: bridge
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz --target $(addprefix fuzz_,$(FUZZ_TARGETS))
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p build/fuzz/found/$$target; \
	  echo "== $$target, $(FUZZ_SECONDS) s"; \
	  ASAN_OPTIONS=detect_leaks=0 build/fuzz/tests/fuzz/fuzz_$$target -print_final_stats=1 \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=30 -rss_limit_mb=4096 \
	    -artifact_prefix=build/fuzz/found/$$target- build/fuzz/found/$$target \
	    tests/fuzz/corpus/$$target; \
	done

## bench      the figures of bench/README.md
bench: build
	@python3 bench/cold_start.py
	@python3 bench/write_50m.py
	@"$$(tools/python_env.sh tests/e2e/requirements.txt)/bin/python" bench/align_vs_duckdb.py

## notices    THIRD_PARTY.md from Cargo.lock and tools/packages.txt
notices: bridge
	@python3 tools/notices.py

## install    library, headers, command and package files under PREFIX
install: build
	@cmake --install build/release --prefix "$(PREFIX)"

## clean      this checkout's build folder; the cache stays
clean:
	@rm -rf build
