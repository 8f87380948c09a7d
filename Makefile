# Everything runs from .venv/, made with nothing but Python >= 3.11 and pip.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
INSTALLED := $(VENV)/.installed
LOCKED := requirements/requirements.txt
SOURCES := $(wildcard etl dags tests benchmarks)

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint types airflow bench lock clean

help:
	@echo 'make demo     all of it on sample exports, through the DAGs'
	@echo 'make test     the tests in a process a core, with a real S3 server, Postgres, Airflow and browser'
	@echo 'make lint     ruff: rules and format'
	@echo 'make types    mypy --strict'
	@echo 'make airflow  a local Airflow on loopback with the DAGs in place'
	@echo 'make bench    the benchmarks, side by side with peers'
	@echo 'make lock     resolve $(LOCKED) anew from pyproject.toml'
	@echo 'make clean    remove $(VENV)/ and the caches'

venv: $(READY)

$(INSTALLED): $(LOCKED)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pushlift needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Install one and say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCKED)
	@touch $@

$(READY): $(INSTALLED) pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	$(BIN)/pushlift demo

test: $(READY)
	scripts/browser.sh
	$(BIN)/python -m tests

lint: $(READY)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: $(READY)
	$(BIN)/mypy $(SOURCES)

airflow: $(READY)
	$(BIN)/python -m etl.airflow

bench: $(READY)
	$(BIN)/python -m benchmarks

# --upgrade on purpose: a lock is made anew when somebody asks for newer versions.
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra airflow --extra s3 --extra postgres --extra sandbox --extra test \
	  --universal --python-version 3.11 --generate-hashes --upgrade --quiet \
	  --no-emit-index-url --no-emit-find-links --no-header --output-file $(LOCKED)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
