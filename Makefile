# Two commands for everyone: `make demo` and `make test`. Both set up .venv by themselves, from nothing or from half.
PYTHON ?= python3
BIN := .venv/bin
# The set-up is current when this file exists; its name changes with what is to be installed.
STAMP := .venv/.ready-$(shell cat pyproject.toml constraints.txt | cksum | cut -d' ' -f1)

.PHONY: demo test lint docs bench clean
demo: $(STAMP)
	@$(BIN)/zerosum demo $(DEMO_FLAGS)

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/mypy

docs: $(STAMP)
	@$(BIN)/python -m zerosum.cli.docs

bench: $(STAMP)
	@for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .venv build

# `--clear` throws away a half-installed environment; the stamp is written last, so an interrupted set-up starts anew.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "zerosum needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@echo "Setting up .venv (once; a few minutes)"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
