# `make compare` and `make test` need Python 3.11 or newer and a package index, nothing else: .venv is set up when it is
# missing or older than the files that say what goes into it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: compare lab test lint format recipes clean help

help:
	@echo "make compare   train a network of every kind, compare them in one table and one page"
	@echo "make lab       open the page on which every network reads what you draw"
	@echo "make test      run the tests"
	@echo "make lint      check style and types"
	@echo "make format    bring the style about"
	@echo "make recipes   train every recipe with five seeds and write results/"
	@echo "make clean     remove .venv and caches; runs stay"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "byhand needs Python 3.11 or newer and found `$(PYTHON) --version`; say make PYTHON=python3.12, for example."; exit 2; }
	@echo "Setting up $(VENV), once; this may take some minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "A virtual environment could not be made; on Debian and Ubuntu, apt install python3-venv brings what is missing."; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,dev]'
	touch $@

compare: $(READY)
	$(BIN)/byhand compare

lab: $(READY)
	$(BIN)/byhand lab

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

recipes: $(READY)
	$(BIN)/byhand compare --all --seeds 5 --write results/

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
