# Every command of the project. `make setup` installs all it needs into this checkout and nowhere else.
.PHONY: setup hooks demo local quick test test-live nightly matrix simulate mutants load bench upgrades docs docs-build recording reasons check types format clean lock release

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Caches of the installers stay in the checkout, so that a command leaves nothing in a home directory.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export UV_CACHE_DIR := $(CURDIR)/.cache/uv
export npm_config_cache := $(CURDIR)/.cache/npm
export npm_config_update_notifier := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Node.js trusts only its own list of authorities by default; behind a company's proxy npm needs the machine's as well.
export NODE_USE_SYSTEM_CA := 1

setup: $(READY)

$(READY): requirements-dev.txt package.json package-lock.json pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else "Python 3.10 or newer is needed; this is " + sys.version.split()[0] + ". Name another with PYTHON=...")'
	@echo "Installing into .venv and node_modules (a few minutes the first time) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --loglevel=error --no-audit --no-fund
	@touch $(READY)

demo: $(READY)
	@$(BIN)/python -m local_cloud.demo

local: $(READY)
	@$(BIN)/python -m local_cloud

# Pure tests, types and format, in less than a minute; the second time mypy is quick.
QUICK_TESTS := tests/handler/core tests/contract
quick: check
	@$(BIN)/python -m pytest -q $(QUICK_TESTS)

# Three at a time: those on a local cloud mostly wait, the others mostly compute. Each worker has its own cloud. What is
# covered is measured by `make nightly`.
test: $(READY)
	@$(BIN)/python -m pytest -n 3 -m "not nightly"

# The life of one export in an account of AWS. It costs money; it first says what it does, and asks to be confirmed.
test-live: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda $(BIN)/python -m tests.deployment.live \
		--job "$(JOB)" --percent "$(PERCENT)"

# Everything, also what only repeats a check of `make test`: with the real CDK CLI where the API shows it, every signal.
# Then 10,000 schedules, all mutants, and other versions of what the library requires.
nightly: $(READY)
	@$(BIN)/python -m pytest -n 2 --cov
	@$(MAKE) --no-print-directory simulate
	@$(MAKE) --no-print-directory mutants
	@$(MAKE) --no-print-directory matrix

# The oldest and the newest versions of what the library requires, on the oldest and the newest Python of this machine.
matrix: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m release.matrix

# The handler on a virtual clock: SCHEDULES=100000 runs more, SEED=n begins elsewhere, REPLAY=n tells one story.
SCHEDULES ?= 10000
SEED ?= 0
simulate: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda $(BIN)/python -m tests.simulation \
		--schedules $(SCHEDULES) --seed $(SEED) $(if $(REPLAY),--replay $(REPLAY)) \
		$(if $(EVENTS),--events)

# Wrong handlers on purpose: the simulation has to find each of them.
mutants: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda $(BIN)/python -m tests.simulation --mutants --seed $(SEED)

# How often waiting exports call each API, against the limits of an account.
load: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda $(BIN)/python -m tests.simulation --load

# This project beside what its users would take instead; FIGURE=faults measures one figure (docs/bench.md).
bench: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda:bench/peers/handlers $(BIN)/python -m bench $(FIGURE)

# Writes down what this version changes in stacks that earlier releases have deployed (tests/upgrade/changes).
upgrades: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda $(BIN)/python -m tests.upgrade

# The documentation site, built strictly and served on 127.0.0.1; docs-build only builds it.
docs: $(READY)
	@$(BIN)/python -m website

docs-build: $(READY)
	@$(BIN)/python -c 'import sys; from website.building import build; sys.exit(build())'

# Draws the demo again, as a picture of what it prints.
recording: $(READY)
	@$(BIN)/python -m website.recording

# Writes the examples of the failure reasons into docs/errors.md again.
reasons: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=constructs:lambda $(BIN)/python -m tests.documents

check: types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(READY)
	@$(BIN)/mypy constructs/cdk_cleanroomsml constructs/cdk_cleanroomsml_contract constructs/cdk_cleanroomsml_cli \
		constructs/cdk_cleanroomsml_local app.py hatch_build.py local_cloud release website bench
	@$(BIN)/mypy lambda/audience_export_handler
	@$(BIN)/mypy tests
	@$(BIN)/mypy examples

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Runs the checks of .pre-commit-config.yaml before each commit, with the tools of this checkout.
hooks: $(READY)
	@$(BIN)/pre-commit install

# Resolves the pinned development dependencies: those that still fit stay, and UPGRADE=1 takes the newest of all. Both
# lock files name no registry. It needs no complete setup, because a new requirement is missing in the old one.
lock:
	@test -x $(BIN)/uv || $(MAKE) --no-print-directory setup
	@$(BIN)/uv pip compile --universal --python-version 3.10 --quiet $(if $(UPGRADE),--upgrade) --no-header --no-annotate \
		--no-emit-index-url --group dev pyproject.toml -o requirements-dev.txt
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm install --package-lock-only --omit-lockfile-registry-resolved --silent

# Builds into dist/, checks, and tags. It uploads nothing.
release: $(READY)
	@$(BIN)/python -m release

clean:
	@rm -rf .venv node_modules .cache .local cdk.out dist docs/vendor .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
