# Two commands for a newcomer: `make demo` and `make test`. `make check` before every commit.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

.PHONY: demo test check lint types layers schemas benchmarks clean
.DEFAULT_GOAL := check

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## plan, apply, drift and rollback: real local servers, and Qdrant's own engine
	@$(BIN)/python examples/apex-sql/demo.py
	@$(BIN)/python examples/apex-graph/demo.py
	@$(BIN)/python examples/apex-vectors/demo.py
	@$(BIN)/python examples/apex-cache/demo.py

test: $(READY) lint types layers  ## everything, against real stores
	$(PYTEST) -n 2 --dist loadgroup

check: $(READY) lint types layers  ## what is quick: under a minute
	$(PYTEST) -n 2 -m "not slow and not live" -q

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

schemas: $(READY)  ## write schemas/v1 and docs/kinds from the code
	$(BIN)/python -m tests.generate

benchmarks: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
