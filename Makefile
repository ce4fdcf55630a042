# The two commands of the README are `make demo` and `make test`; both set up everything that they need.
PYTHON ?= python3
# How long the mixed load of `make soak` goes on, and after it each fuzz test. `make soak-load` is the mixed load alone.
MINUTES ?= 30
SOAK_SECONDS ?= 600
# In a soak run tests are meant to take long: what hangs is ended only after this many seconds.
SOAK_LIMIT = --timeout $$(( $(MINUTES) * 60 + 8 * $(SOAK_SECONDS) + 7200 )) -o faulthandler_timeout=0
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: venv demo test check docs-commands bench soak soak-load soak-search generate clean

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

# Every command line that README and docs print, in copies of the checkout.
docs-commands: venv
	$(BIN)/python -m pytest --docs -m docs_run tests/docs_commands

bench: venv
	$(BIN)/python -m benchmarks

soak: soak-load soak-search

soak-load: venv
	$(BIN)/python -m pytest tests/soak --soak --soak-minutes $(MINUTES) $(SOAK_LIMIT) --capture=no

soak-search: venv
	$(BIN)/python -m pytest tests --ignore tests/soak --soak --soak-seconds $(SOAK_SECONDS) $(SOAK_LIMIT)

generate: venv
	$(BIN)/python -m elastic_hal.cli.regenerate

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
