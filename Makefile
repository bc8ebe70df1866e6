# Fenhe: `make demo` to look, `make test` to check. Needs python3 (3.11 or newer) and make.

PYTHON ?= python3
HOST   ?= 127.0.0.1
PORT   ?= 8000
GATEWAY ?= 127.0.0.1:9212
DEMO   ?= fenhe-data/demo
TESTS  ?=

BIN := .venv/bin

.PHONY: help env demo test bench bundle lint clean env-demo env-test need-python need-browser need-java
.DEFAULT_GOAL := help

help:
	@echo "make env    prepare .venv; then .venv/bin/fenhe works"
	@echo "make demo   set up, load the demonstration data, serve on http://$(HOST):$(PORT)"
	@echo "make test   every check: style, types, layers, tests    (TESTS=path for some)"
	@echo "make lint   style, types and layers only"
	@echo "make bench  measure, print and save the ratios"
	@echo "make bundle one archive to install from without a network, in dist/"
	@echo "make clean  remove what was built; data stays"

need-python:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "fenhe: no $(PYTHON) here; Fenhe needs Python 3.11 or newer: apt-get install python3" >&2; \
	  exit 1; }

need-browser:
	@for name in "$${CHROMIUM:-chromium}" chromium-browser; do \
	  command -v $$name >/dev/null && exit 0; done; \
	  echo "fenhe: the page tests need Chromium: apt-get install chromium" >&2; exit 1

need-java:
	@[ "$$FENHE_SPARK" != apache ] || command -v java >/dev/null || { \
	  echo "fenhe: Apache Spark needs Java: apt-get install default-jre-headless" >&2; exit 1; }

env: need-python
	@"$(PYTHON)" tools/bootstrap.py env

env-demo: need-python
	@"$(PYTHON)" tools/bootstrap.py demo

env-test: need-python
	@"$(PYTHON)" tools/bootstrap.py test

demo: env-demo
	@$(BIN)/fenhe demo --data "$(DEMO)" --host "$(HOST)" --port "$(PORT)" --gateway "$(GATEWAY)"

lint: env-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: need-browser need-java lint
	$(BIN)/pytest -n auto --dist loadscope --max-worker-restart 2 --durations 15 $(TESTS)

bench: env-test
	@set -e; for one in benchmarks/[!_]*.py; do \
	  [ "$$one" = benchmarks/common.py ] || { echo "== $$one"; $(BIN)/python "$$one"; }; done

bundle: env-demo
	@"$(PYTHON)" tools/bundle.py

clean:
	rm -rf .tools .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf dist build spark-warehouse artifacts metastore_db node_modules
	rm -rf src/fenhe/platform/web/static/vendor src/fenhe/platform/documents/fonts
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.DEFAULT:
	@echo "fenhe: there is no target '$@'; 'make help' lists them" >&2; exit 2
