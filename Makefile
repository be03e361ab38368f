# Quittance: `make` lists what can be done.
.DEFAULT_GOAL := help
.PHONY: help setup run test fast trust bench format openapi lock
PYTHON := .venv/bin/python
# each of the many processes of a run would compile Python's sources again
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(PATH):$(CURDIR)/.tools/bin:$(CURDIR)/.tools/venv/bin
# one more than there are processors: a test that waits for a browser or another process leaves its own free
WORKERS := -n $(shell echo $$(($$(nproc) + 1))) --maxprocesses 4
READ_ONLY := .migrations .types .imports .format .lint
PACKAGES := config customers billing payments einvoicing
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml
step = @printf '\n— %s\n' '$(1)'

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

setup: ## Install what is missing: system libraries, uv, .venv, translations
	@.ci/setup run

run: setup ## Serve everything in the foreground; PORT=8000, Ctrl-C stops
	@exec $(PYTHON) -m config.runtime.supervisor

test: ## All that must hold: format, lint, types, imports, migrations, tests
	@.ci/setup test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target $(READ_ONLY)
	$(call step,tests)
	@$(PYTHON) -m pytest --ignore=tests/bench $(WORKERS)

# what reads the code and changes nothing: two at a time, each with its own words. Those that take long come first: in a
# new clone, half a minute for the types, and as long for the database that the tests copy, made beside them
.PHONY: $(READ_ONLY)
.types:
	$(call step,types)
	@$(PYTHON) -m mypy manage.py $(PACKAGES)
.imports:
	$(call step,imports)
	@.venv/bin/lint-imports
.migrations:
	$(call step,migrations)
	@$(PYTHON) -m tests.template
.format:
	$(call step,format)
	@.venv/bin/ruff format --check .
.lint:
	$(call step,lint)
	@.venv/bin/ruff check .

fast: ## The tests without browser, concurrency and crashes
	@.ci/setup test
	@$(PYTHON) -m pytest --ignore=tests/bench $(WORKERS) -m 'not browser and not trust'

trust: ## Concurrency, crashes, outages and fuzzing whole; `make test` runs a small form of them
	@.ci/setup test
	@TRUST_SCALE=1 $(PYTHON) -m pytest --ignore=tests/bench $(WORKERS) -m trust --durations=40

bench: ## Measure what must stay quick
	@.ci/setup test
	@$(PYTHON) -m pytest tests/bench -s

format: ## Format the code and fix what can be
	@.ci/setup test
	@.venv/bin/ruff check --fix --exit-zero --quiet . && .venv/bin/ruff format .

openapi: ## Draw the API's document again, config/api/openapi.yaml
	@.ci/setup test
	@$(PYTHON) manage.py spectacular --validate --fail-on-warn --file config/api/openapi.yaml

lock: ## Resolve the dependencies again
	@$(LOCK) -o requirements.lock
	@$(LOCK) --group dev --constraints requirements.lock -o requirements-dev.lock
