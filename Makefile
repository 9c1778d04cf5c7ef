# Everything runs from a virtual environment that this file makes: nothing needs to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Three workers keep two cores busy: some tests wait for a process or a timeout.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -W error -n $(WORKERS)

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow sdks lint type pytest format completions docs golden pictures bench bench-large package clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml facesnap_cli/__init__.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "facesnap needs Python 3.11 or later; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## the main job, against the emulator, on real HTTP
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash tests/demo.sh

test: lint type pytest ## lint, types, tests

sdks: $(STAMP) ## clients that need an environment of their own, against the emulator
	$(PYTEST) -m sdks tests/sdks

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

type: $(STAMP)
	$(BIN)/mypy

pytest: $(STAMP)
	$(PYTEST)

test-slow: $(STAMP) ## whole families of slow tests (kills, locks, shells), and ten times the examples of the fuzz tests
	$(PYTEST) -m 'not sdks' --hypothesis-profile=thorough

format: $(STAMP) ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

completions: $(STAMP) ## renew what TAB reads, and the shells' scripts
	$(BIN)/python -m tests.completions

docs: $(STAMP) ## renew the reference of commands and settings from the program
	$(BIN)/python -m tests.reference

golden: $(STAMP) ## renew the help texts that the tests compare with, and the output that README and docs/ show
	FACESNAP_RENEW_GOLDEN=1 $(BIN)/python -m pytest -q tests/cli/test_help.py tests/test_docs.py

pictures: $(STAMP) ## renew the README's pictures from what the program shows
	$(BIN)/python -m tests.pictures

bench: $(STAMP) ## measure start-up, polling and throughput beside others (about five minutes)
	$(BIN)/python -m tests.bench

bench-large: $(STAMP) ## measure groups of up to 100,000 persons (about half an hour)
	$(BIN)/python -m tests.bench large

package: $(STAMP) ## build sdist and wheel, and try the wheel on every Python from 3.11 that is here
	$(BIN)/python -m tests.package

clean: ## remove what make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
