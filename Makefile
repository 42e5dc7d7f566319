# Every target sets up what it needs in .venv, once; all that has to be there is Python 3.11+ and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test soak bench screenshots format clean

demo: .venv/demo-installed
	$(BIN)/farmwatch --demo

test: .venv/dev-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto

soak: .venv/dev-installed
	$(BIN)/python -m pytest tests/soak -o 'python_files=soak_*.py' -s

bench: .venv/dev-installed
	$(BIN)/python -m tests.bench

screenshots: .venv/dev-installed
	$(BIN)/python -m tests.pictures

format: .venv/dev-installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Farmwatch needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

.venv/dev-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,dev]'
	@touch $@
