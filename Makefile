# The two commands of the README are `make demo` and `make test`; both set up everything that they need.
PYTHON ?= python3
# How long each fuzz test of `make soak` goes on.
SOAK_SECONDS ?= 600
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: venv demo test check bench soak generate clean

venv: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $(STAMP)

demo: venv
	$(BIN)/elastic-hal demo --out build/demo

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check
	$(BIN)/python -m pytest

bench: venv
	$(BIN)/python -m benchmarks

soak: venv
	$(BIN)/python -m pytest tests --soak --soak-seconds $(SOAK_SECONDS)

generate: venv
	$(BIN)/python -m elastic_hal.cli.regenerate

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
