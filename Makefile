# Everything runs inside .venv, which `make setup` builds from the lock files alone.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# durable-rules calls a C function that CPython 3.13 removed; its successor has the same meaning on every version.
export CPPFLAGS += -DPyEval_CallObject=PyObject_CallObject

.DEFAULT_GOAL := help
.PHONY: help setup demo test check long bench evidence waits peers spark gallery lock

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

setup: .venv/.installed ## make .venv and install everything into it

.venv/.installed: requirements-build.lock requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(PIP) install --quiet --require-hashes -r requirements-build.lock
	$(PIP) install --quiet --require-hashes --no-build-isolation --use-pep517 -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## show an invented portfolio and one customer's plan
	$(BIN)/valuelift demo

test: setup ## run the tests
	$(BIN)/pytest -n 2

check: setup ## lint, formatting, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

long: setup ## run the tests with the full counts of generated cases
	VALUELIFT_PROFILE=long $(BIN)/pytest -n 2

bench: setup ## measure speed and memory
	$(BIN)/python -m bench

EVIDENCE = build/evidence/bin/python

# Makes an environment beside `.venv` from the target's lock files.
define environment
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements-build.lock
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-build-isolation --use-pep517 \
		-r $(filter-out requirements-build.lock,$(filter %.lock,$^))
	touch $@
endef

# An environment of its own, because the models that the backtest is compared with are heavy.
build/evidence/.installed: requirements-build.lock requirements-baselines.lock pyproject.toml
	$(environment)

evidence: build/evidence/.installed ## look back on Online Retail and write docs/evidence.md anew
	$(EVIDENCE) -m bench.evidence

waits: build/evidence/.installed ## compare waits after a single order, for docs/evidence.md
	$(EVIDENCE) -m bench.waits

PEERS = build/peers/bin/python

# An environment of its own, so that nobody has to install other rule engines to use this one.
build/peers/.installed: requirements-build.lock requirements-peers.lock pyproject.toml
	$(environment)

peers: build/peers/.installed ## measure other rule engines beside this one
	$(PEERS) -m bench.peers

SPARK = build/spark/bin/python

# An environment of its own, because PySpark is large and most need no cluster.
build/spark/.installed: requirements-build.lock requirements-spark.lock pyproject.toml
	$(environment)

spark: build/spark/.installed ## test the batch on Spark (wants Java)
	$(SPARK) -m pytest tests/facts/test_batch_spark.py

gallery: setup ## write docs/gallery.md anew
	$(BIN)/python -m tests.commands.gallery

COMPILE = build/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

lock: ## pin the newest allowed versions
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet uv
	$(COMPILE) --group build --output-file requirements-build.lock
	$(COMPILE) pyproject.toml --group dev --output-file requirements.lock
	$(COMPILE) pyproject.toml --group baselines --output-file requirements-baselines.lock
	$(COMPILE) pyproject.toml --group peers --output-file requirements-peers.lock
	$(COMPILE) pyproject.toml --extra spark --group spark --output-file requirements-spark.lock
