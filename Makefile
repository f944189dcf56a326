PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install run test lint types layers unit fuzz matrix requirements bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

.venv/installed: requirements/server.txt requirements/build.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Tokenbase needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/server.txt -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/tested: .venv/installed requirements/test.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/test.txt
	touch $@

install: .venv/installed ## make .venv with the server, the client and the uploader

run: install ## install, start the server, upload a sample base, show the result; Ctrl-C ends it
	$(BIN)/tokenbase demo

test: lint types layers unit ## everything that must hold before a commit

lint: .venv/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/tested
	$(BIN)/mypy

layers: .venv/tested
	$(BIN)/lint-imports

unit: .venv/tested
	$(BIN)/pytest -n 2 --dist loadfile

fuzz: .venv/tested ## look longer than the tests do for what breaks the API or the import, from a new seed each time
	TOKENBASE_TEST_EXAMPLES=$${TOKENBASE_TEST_EXAMPLES:-1000} TOKENBASE_TEST_SEED=$${TOKENBASE_TEST_SEED:-$$(date +%s)} \
		$(BIN)/pytest tests/acceptance/test_fuzz.py tests/property

matrix: .venv/tested ## run the tests that the rules of the contract name, and write docs/api-compatibility.md
	$(BIN)/python tests/matrix.py

requirements: ## pin again what requirements/*.in ask for
	cd requirements && for name in test server client files sql build; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-emit-find-links --no-header $$([ $$name = test ] || echo "-c test.txt") $$name.in -o $$name.txt; done

bench: ## the benchmarks there are
	@ls benchmarks/*.py | grep -v measured.py | sed 's/^/  python /'

clean: ## remove what the commands above made here
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .tokenbase-demo
