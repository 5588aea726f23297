# The two commands of the README are `make demo` and `make test`; `make help` lists all.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= $(shell command -v cargo || echo $(HOME)/.cargo/bin/cargo)
SWEMILL = target/release/swemill
DEMO_HOME ?= $(CURDIR)/target/demo/home
GPU_PROGRAM ?= target/cuda/release/examples/gpu
DEMO_OUT ?= $(CURDIR)/target/demo/dataset

.PHONY: help setup build demo test test-kills lint bench bench-model bench-gpu bench-rollout bench-rl queries clean-demo

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## Install what a bare Debian or Ubuntu lacks (safe to repeat)
	@scripts/setup

build: setup ## Build the release binary, target/release/swemill
	$(CARGO) build --release --locked -p swemill

demo: build ## From a real package to an exported data set, in a few minutes
	@SWEMILL_HOME=$(DEMO_HOME) scripts/demo $(SWEMILL) $(DEMO_OUT)

test: setup ## Run every test, against a real Postgres, real sandboxes and real packages
	@scripts/test

test-kills: setup ## Kill workers a hundred times while agents work
	$(CARGO) test -p swemill --locked --test system -- --ignored hundred --nocapture

lint: ## Formatting and lints, as the continuous integration runs them
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

bench: build ## Measure swemill beside its peer in one run
	@tests/bench/run $(SWEMILL)

bench-model: setup ## Measure the model runtime beside llama.cpp and PyTorch in one run
	$(CARGO) build --release --locked -p swemill-model --examples
	@tests/bench/model/run

bench-gpu: ## Check numbers and measure on a GPU machine, from what scripts/build-cuda made (GPU_PROGRAM=...)
	@tests/bench/gpu/run $(GPU_PROGRAM)

bench-rollout: build ## Measure what the harness adds to rollouts, 200 in flight
	@scripts/bench-rollout $(SWEMILL)

bench-rl: build ## Measure steps of episodes over HTTP, 64 at one time
	@scripts/bench-rl $(SWEMILL)

queries: ## Refresh the committed query data after a change of a query or a migration
	@scripts/sqlx-prepare

clean-demo: ## Forget the demo's data folder and data set
	rm -rf $(DEMO_HOME) $(DEMO_OUT)
