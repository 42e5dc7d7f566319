# Every target sets up what it needs in .venv, once; all that has to be there is Python 3.11+ and make.

PYTHON ?= python3
BIN := .venv/bin

# What several processes import is compiled once, also where that is switched off.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo lint test coverage test-all test-busy soak bench screenshots format clean

demo: .venv/demo-installed
	$(BIN)/farmwatch --demo

LINT := $(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy && $(BIN)/lint-imports

lint: .venv/dev-installed
	$(LINT)

# What lint says is shown after the tests: it goes on while these are only beginning, and a core has nothing to do.
test: .venv/dev-installed
	@said=$$(mktemp); trap 'rm -f "$$said"' EXIT; trap 'exit 130' INT; \
	{ $(LINT); } >"$$said" 2>&1 & lint=$$!; \
	$(BIN)/python -m pytest -n auto; tested=$$?; \
	wait $$lint; linted=$$?; \
	cat "$$said"; \
	test $$tested = 0 && test $$linted = 0

# The same tests, the lines that they go through watched, which takes twice as long: too few are an error.
coverage: .venv/dev-installed
	$(BIN)/python -m pytest -n auto --cov --cov-report=term

# The tests beside two busy loops. However it ends these do too: by their ids, and by themselves where the
# shell is killed that started them ($$$$ is its id in them as well). One that was only just begun has the
# traps of its shell for a moment, in which it loses any signal but KILL.
test-busy: .venv/dev-installed
	@trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; \
	trap 'kill $$suite 2>/dev/null; kill -KILL $$one $$other 2>/dev/null; wait' EXIT; \
	while kill -0 $$$$; do :; done 2>/dev/null & one=$$!; \
	while kill -0 $$$$; do :; done 2>/dev/null & other=$$!; \
	$(BIN)/python -m pytest -n auto & suite=$$!; \
	wait $$suite

# The tests on every Python that is found, each in an environment of its own.
test-all:
	@for version in 3.11 3.12 3.13; do \
		python$$version -c '' 2>/dev/null || { echo "python$$version is not here"; continue; }; \
		echo "python$$version"; \
		python$$version -m venv .venv-$$version && \
		.venv-$$version/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,dev]' && \
		.venv-$$version/bin/python -m pytest -n auto || exit 1; \
	done

soak: .venv/dev-installed
	$(BIN)/python -m pytest tests/soak -o 'python_files=soak_*.py' -s

# All of it, or the parts that are named beside it: make bench wall.
PARTS := start polls watch connections table logs wall
.PHONY: $(PARTS)
$(PARTS): bench ; @:

bench: .venv/dev-installed
	$(BIN)/python -m tests.bench $(filter $(PARTS),$(MAKECMDGOALS))

screenshots: .venv/dev-installed
	$(BIN)/python -m tests.pictures

format: .venv/dev-installed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Farmwatch needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

# Most of what comes here is never imported; what is, is compiled by whoever imports it first.
.venv/dev-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[demo,dev]'
	@touch $@
