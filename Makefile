# Two commands: make run, make test. Both set up what they need, once, and are quick the second time.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-all bench lock format clean

run: $(VENV)/run.stamp
	@exec $(BIN)/blendbeat serve --dev

test: $(VENV)/test.stamp
	@command -v openssl >/dev/null || .ci/need openssl
	@command -v memcached >/dev/null || .ci/need memcached
	@command -v wrk >/dev/null || .ci/need wrk
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow"

test-all: test
	$(BIN)/pytest -m slow

# Nearly an hour on a machine that does nothing else: docs/bench.md. make bench BENCH="--cases jpeg,hits-16 --peers sharp"
bench: $(VENV)/bench.stamp
	@command -v memcached >/dev/null || .ci/need memcached
	@command -v wrk >/dev/null || .ci/need wrk
	$(BIN)/python -m tests.bench.service $(BENCH)

# Only what the service itself needs.
$(VENV)/run.stamp: requirements-build.lock requirements.lock setup.cfg pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements-build.lock
	$(BIN)/pip install --quiet --require-hashes --no-build-isolation -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# And what the tests need on top.
$(VENV)/test.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/pip install --quiet --require-hashes --no-build-isolation -r requirements-dev.lock
	@touch $@

# And what draws plots and scores pictures. What is pinned stays as it is: those only say what they need at least.
$(VENV)/bench.stamp: setup.cfg $(VENV)/test.stamp
	$(BIN)/pip install --quiet --no-build-isolation --editable '.[bench]'
	@touch $@

# A bare Debian has python3 without venv: it comes in a package of its own.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "blendBeat needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/need python3-venv
	$(PYTHON) -m venv $(VENV)

# After changing dependencies in setup.cfg: pins everything, what builds it included, for every Python and platform.
PIN := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: $(VENV)/test.stamp
	$(PIN) --upgrade setup.cfg --extra build -o requirements.lock
	printf '%s\n' setuptools cffi pkgconfig | $(PIN) -c requirements.lock - -o requirements-build.lock
	$(PIN) -c requirements.lock setup.cfg --extra build --extra dev -o requirements-dev.lock

format: $(VENV)/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
