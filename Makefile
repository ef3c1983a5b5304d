# Two commands on a fresh machine: make run, make test. python3 >= 3.11 and make are all it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
PEERS := $(VENV)/.installed-bench
KERNELS := $(VENV)/.compiled
KERNEL_FILES := $(wildcard sidecar/pricing/*.py sidecar/features/*.py sidecar/backtest/kernel.py)
ARGS ?=
# Compiling the kernels, lint and types keep one core each: two at a time.
MAKEFLAGS += --jobs=2
# Images often turn bytecode off: then every process of the desk, and of its tests, compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: run test lint types contracts collected explore bench docs dashboards panels lock help clean

run: $(KERNELS) ## set up and run the desk: sidecar, app, simulated market, paper account (ARGS="--speed 10" passes flags)
	@$(BIN)/python -m sidecar up $(ARGS)

test: $(DEV) $(KERNELS) lint types contracts collected ## set up and run every check: lint, types, import contracts, tests
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEV) ## ruff: lint and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV) ## mypy, strict
	@$(BIN)/mypy

contracts: $(DEV) ## the import contracts, and that every file compiles
	@$(BIN)/python -m compileall -q sidecar pages app.py
	@$(BIN)/lint-imports --no-cache

# The tests' files are compiled once, beside the types, rather than by each worker; what is wrong with them test says.
collected: $(DEV) $(KERNELS)
	@$(BIN)/pytest --collect-only -qq >/dev/null 2>&1 || true

explore: $(DEV) $(KERNELS) ## the property tests on examples that nobody has tried yet
	@HYPOTHESIS_PROFILE=explore $(BIN)/pytest -n 2 --dist loadfile tests/domain tests/pricing tests/book tests/risk $(ARGS)

bench: $(PEERS) $(KERNELS) ## the measurements of bench/README.md, printed as tables (a few minutes)
	@$(BIN)/python -m bench

docs: $(STAMP) ## write docs/settings.md, metrics.md, openapi.json, roles.md from the code
	@$(BIN)/python -m sidecar.terminal.documents

tour: $(DEV) $(KERNELS) ## make the README's pictures of the app anew, from a running desk
	@DESK_TOUR_FOLDER=docs/tour $(BIN)/pytest -q -p no:xdist tests/pages/test_tour.py

dashboards: $(STAMP) ## write grafana/dashboards from grafana/build
	@$(BIN)/python -m grafana.build

panels: $(DEV) $(KERNELS) ## what every panel's expressions return beside a living desk, as a table; draws docs/grafana anew
	@$(BIN)/python -m tests.grafana docs/grafana

lock: $(DEV) ## compile the lock files from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --group bench -c requirements-dev.txt pyproject.toml -o requirements-bench.txt

clean: ## remove the environment and the caches; the data directory stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.uv: requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit("python3 >= 3.11 is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

$(STAMP): $(VENV)/.uv requirements.txt
	@echo "installing what requirements.txt locks ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.txt
	@touch $@

$(DEV): $(STAMP) requirements-dev.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

$(PEERS): $(DEV) requirements-bench.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-bench.txt
	@touch $@

$(KERNELS): $(STAMP) $(KERNEL_FILES)
	@echo "compiling the kernels of prices, features, labels and backtests, once (about a minute) ..."
	@rm -f sidecar/pricing/__pycache__/*.nb[ic] sidecar/features/__pycache__/*.nb[ic] sidecar/backtest/__pycache__/*.nb[ic]
	@$(BIN)/python -c "from sidecar.pricing.warming import warm; from sidecar.features import labels, matrix; from sidecar.backtest import vectorised; warm(); matrix.warm(); labels.warm(); vectorised.warm()"
	@touch $@
