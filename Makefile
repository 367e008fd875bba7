# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.locked
ARGS   ?=
ONLY   ?=
ORDERS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test quick check format bench chaos lock clean

help:            ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

demo: $(STAMP)   ## embedded database, simulators and a story that runs (ARGS="--once --json")
	$(BIN)/hub demo $(ARGS)

test: $(STAMP)   ## the whole test suite
	$(BIN)/python -m pytest -n 2 $(ARGS)

quick: $(STAMP)  ## tests without the slow ones
	$(BIN)/python -m pytest -n 2 -m "not slow" $(ARGS)

check: $(STAMP)  ## format, lint, types, import contracts, house tests, printed contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_house.py tests/house
	$(BIN)/hub map check
	$(BIN)/hub edi guide --check
	$(BIN)/hub schema check

format: $(STAMP) ## write the format and the fixes that are safe
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## measure (ONLY=P4 ORDERS=100000), JSON lines
	$(BIN)/python -m tests.bench $(if $(ORDERS),--orders $(ORDERS)) $(ONLY)

chaos: $(STAMP)  ## kill web, worker and PostgreSQL under load, then look what is missing (ARGS="--kills 50")
	$(BIN)/python -m tests.chaos $(ARGS)

lock:            ## pin pyproject.toml anew (needs uv)
	uv pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock

clean:           ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
