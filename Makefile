# Every target sets up what it needs first; set-up is a no-op when done. `make` alone prints this help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV ?= .venv
export PTM_VENV := $(VENV)
# spark-submit wants the environment's Python first on the path
export PATH := $(abspath $(VENV))/bin:$(PATH)
PTM := $(VENV)/bin/ptm-spark
LAKE ?= lake
MODELS ?= 20000
# processes that tests run in, each with an engine of its own; a file of tests stays in one
WORKERS ?= 2

.PHONY: help setup run test test-fast real-data lint types arch check bench compare docs lock clean

help: ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## install everything into .venv: packages, Java if there is none, the Delta jars
	@scripts/setup.sh

run: setup ## the whole path: an invented Hub and forum crawled at three dates, all stages, page (LAKE=lake MODELS=20000)
	@scripts/run_world.sh $(LAKE) $(MODELS)

test: setup ## all tests (WORKERS=2 processes)
	@$(VENV)/bin/pytest --numprocesses $(WORKERS) --dist loadfile

test-fast: setup ## the tests that start no engine
	@$(VENV)/bin/pytest tests/plain tests/test_architecture.py

real-data: setup ## the tests on real dumps alone (PTM_REAL_DATA names their folder)
	@$(VENV)/bin/pytest -m real_data

lint: setup ## ruff: rules and format
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

types: setup ## mypy, strict
	@$(VENV)/bin/mypy

arch: setup ## who may import whom
	@$(VENV)/bin/lint-imports

check: lint types arch ## lint, types and arch

bench: setup ## this project, DuckDB and Polars side by side; all of gold; the crawler; the reading of cards (real data if PTM_REAL_DATA names it)
	@$(VENV)/bin/python bench/run.py
	@$(VENV)/bin/python bench/gold.py
	@$(VENV)/bin/python bench/crawling.py
	@$(VENV)/bin/python bench/cards.py

compare: setup ## compare two lakes row by row: make compare LAKE=one OTHER=two
	@$(PTM) compare $(OTHER) --lake $(LAKE)

docs: setup ## write docs/data-model.md from the contracts
	@$(VENV)/bin/python scripts/write_data_model.py docs/data-model.md

lock: setup ## resolve the pinned packages anew (after a change in pyproject.toml)
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra dev pyproject.toml --output-file requirements.lock

clean: ## remove what set-up, tests and benchmarks have made; never a lake
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis bench/results
