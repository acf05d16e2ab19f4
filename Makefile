# Everything a person or a machine does with this repository. `make` alone lists it.
PYTHON ?= python3
BIN := .venv/bin
DEMO := work/grocery
# Processes that run tests: some wait while others work.
WORKERS ?= 3

.PHONY: help run test check nightly format lock clean

help:            ## this list
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.venv/run.stamp: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing from requirements.lock"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index -e .
	@$(BIN)/python -m compileall -q src
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@echo "installing from requirements-dev.lock"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

run: .venv/run.stamp  ## a real grocer's year, replayed, then the daemon at http://127.0.0.1:8025
	@NURTURE=$(BIN)/nurture sh examples/grocery/run.sh $(DEMO)

test: .venv/dev.stamp  ## the tests, in about five minutes
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not nightly"

nightly: .venv/dev.stamp  ## the long tests as well
	@$(BIN)/python -m pytest -n $(WORKERS)

check: .venv/dev.stamp  ## what CI runs: format, lint, types, imports, tests
	@$(BIN)/ruff format --check src tests benchmarks
	@$(BIN)/ruff check src tests benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

format: .venv/dev.stamp  ## put the code into its one shape
	@$(BIN)/ruff format src tests benchmarks
	@$(BIN)/ruff check --fix src tests benchmarks

lock:            ## resolve the dependencies anew into the two lock files
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --extra build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:           ## remove what make made
	rm -rf .venv work
