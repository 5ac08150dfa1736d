# Two commands on a fresh machine: `make demo` and `make test`. Nothing is installed outside .venv, except by `make test`
# as root with apt: the servers and the browser that its tests need.

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=
ALL ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
# A stamp is written after its last step: without it whatever stands in .venv is half-made and goes.
MADE := .venv/.made
RUNS := .venv/.runs
TESTS := .venv/.tests

.PHONY: help demo test lint format bench soak servers lock documents migrations-baseline clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo             two States, one register, one request from end to end; ARGS="--once --json" runs without you'
	@echo 'make test             all tests on samples; ALL=1 runs everything; ARGS="-k name" goes to pytest'
	@echo 'make lint             formatting, types, layers, dependencies, docker-compose.yml'
	@echo 'make bench            figures of this machine; ARGS="store" chooses'
	@echo 'make soak             the tests that take minutes'
	@echo 'make lock             pin the newest versions again'
	@echo 'make documents        draw states, catalogue and codes in docs/ anew'
	@echo 'make clean            remove .venv and caches'

demo: $(RUNS)
	@$(BIN)/contactpoint demo $(ARGS)

test: $(TESTS) servers
	@CONTACTPOINT_TEST_ALL=$(ALL) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

lint: $(TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

format: $(TESTS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TESTS)
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(TESTS) servers
	@CONTACTPOINT_TEST_ALL=1 $(BIN)/python -m pytest -m soak --timeout 0 $(ARGS)

servers:
	@sh tests/fixtures/bring-servers.sh

$(MADE):
	@rm -rf .venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'Python 3.11 or newer is needed as $(PYTHON) (Debian, Ubuntu: apt-get install python3-venv; or make PYTHON=python3.12).' >&2; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || \
	  { rm -rf .venv; echo 'The venv module of $(PYTHON) is missing: apt-get install python3-venv (as root), then run the same command again.' >&2; exit 1; }
	@touch $@

$(RUNS): $(MADE) requirements.lock pyproject.toml
	@echo 'Installing what runs into .venv (a minute) ...' >&2
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(TESTS): $(RUNS) requirements-dev.lock
	@echo 'Installing what tests and checks into .venv (a minute) ...' >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

# Names, versions and hashes; never an address. On the oldest Python that we support, so that nothing is left out.
PIN := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
       --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: $(TESTS)
	$(PIN) -o requirements.lock requirements.in
	$(PIN) -o requirements-dev.lock requirements-dev.in

# What of the documents is drawn from the catalogue and the table of codes; tests compare them.
documents:
	$(BIN)/python -m contactpoint.domain.diagram > docs/states.md
	$(BIN)/python -m contactpoint.domain.catalogue.page > docs/catalogue.md
	$(BIN)/python -m contactpoint.domain.code_table < docs/protocol.md > docs/protocol.new && mv docs/protocol.new docs/protocol.md

# Only before the first release: afterwards add a revision with `--next MESSAGE`.
BASELINE := $(BIN)/python -m contactpoint.store.migrations.baseline
migrations-baseline: $(TESTS)
	$(BASELINE) desk contactpoint.store.desk_schema:metadata
	$(BASELINE) gateway contactpoint.store.gateway_schema:metadata
	$(BASELINE) register directory.store:metadata
	$(BIN)/ruff format --quiet contactpoint/store/migrations

clean:
	rm -rf .venv .*_cache .hypothesis .import_linter_cache dist build
