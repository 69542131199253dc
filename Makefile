# `make compare` and `make test` need only Python 3.11 or newer and a package index: .venv is created if it is missing or
# older than the files that list the dependencies.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV := $(VENV)/.dev

.PHONY: compare lab test soak lint format recipes clean help

help:
	@echo "make compare   train one network of every kind and compare them in a table and a page"
	@echo "make lab       open the page where every network reads what you draw"
	@echo "make test      run the tests"
	@echo "make soak      an hour of kills, damaged files, requests and threads; write results/soak.md"
	@echo "make lint      check style and types"
	@echo "make format    fix the style"
	@echo "make recipes   train every recipe with five seeds; write results/"
	@echo "make clean     remove .venv and caches, but not runs"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "byhand needs Python 3.11 or newer and found `$(PYTHON) --version`; try make PYTHON=python3.12."; exit 2; }
	@echo "Creating $(VENV); this may take some minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Creating the virtual environment failed; on Debian and Ubuntu, run apt install python3-venv."; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,lab,onnx]'
	@touch $@

$(DEV): $(READY)
	@echo "Installing what the tests need; this may take some minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[torch,dev]'
	@touch $@

compare: $(READY)
	$(BIN)/byhand compare
	@echo "To use byhand in this shell: . $(BIN)/activate"

lab: $(READY)
	$(BIN)/byhand lab

test: $(DEV)
	$(BIN)/python -m pytest -n auto --dist loadfile

soak: $(DEV)
	$(BIN)/python benchmarks/soak

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

recipes: $(READY)
	$(BIN)/byhand compare --all --hands fast --seeds 5 --data mnist --write results/

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
