# Two commands matter: `make demo` and `make test`. Each creates .venv when it is missing.
# Needs Python 3.11 or newer with venv, and make; everything else comes from PyPI, pinned by constraints.txt.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
JOBS   ?= 2
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check install
AGENTS := tests/clients/openai_agents
NODE   := tests/clients/openai_node
PLUGINS := $(patsubst tests/plugins/%.txt,tests/plugins/.site/%/.ready,$(wildcard tests/plugins/*.txt))
PYTEST := $(BIN)/python -m pytest -n $(JOBS)

# The tests start hundreds of processes; without bytecode each would compile our packages again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint types thorough search coverage installed lowest newest clients plugins bench-check docs map drift drift-baseline format conformance bench soak bench-services bench-paced bench-recorder cassettes images lock wheel clean help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "ninelives needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -n 1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -c constraints.txt pip
	@$(PIP) -c constraints.txt --group dev
	@$(PIP) -c constraints.txt --build-constraint constraints.txt -e ".[pipecat,redis,dask,tls,watch,phones]"
	@touch $@

demo: $(READY) ## a demo in a terminal: talk, record, replay, break, judge
	@$(BIN)/ninelives demo

# A file's tests stay in one process, which makes what they share once.
test: $(READY) ## run the tests, but for the dear ones
	$(PYTEST) --dist loadfile --no-loadscope-reorder

check: lint types ## lint and type-check

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

thorough: $(READY) clients plugins ## the dearer tests, which `make test` leaves out and CI runs as well
	$(PYTEST) -m thorough

search: $(READY) ## draw new examples for the property-based tests; `make test` always takes the same ones
	NINELIVES_SEARCH=1 $(PYTEST) -m hypothesis

coverage: $(READY) clients plugins ## every test, and which lines none of them ran
	$(PYTEST) -m "thorough or not thorough" --cov --cov-report=term:skip-covered

plugins: $(PLUGINS) ## install other pytest plugins to test beside, in folders of their own

tests/plugins/.site/%/.ready: tests/plugins/%.txt | $(READY)
	@rm -rf $(@D)
	@if $(PIP) --no-deps --target $(@D) -r $<; then touch $@; else echo "could not install pytest-$*; its tests will skip"; fi

installed: $(READY) ## what a newcomer does: the wheel in a clean environment, the README and the docs line by line
	$(BIN)/python -m pytest -p no:randomly tests/installed

lowest newest: $(READY) ## run the tests with the lowest (newest) versions that pyproject.toml allows, in .venv-lowest (-newest)
	$(BIN)/python -m pip --quiet install uv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$@
	$(BIN)/uv pip compile --quiet --python .venv-$@ --resolution $(if $(filter lowest,$@),lowest-direct,highest) \
	  --all-extras pyproject.toml --output-file .venv-$@/requirements.txt
	$(BIN)/uv pip install --quiet --python .venv-$@ -r .venv-$@/requirements.txt --group dev -e .
	.venv-$@/bin/python -m pytest -n $(JOBS) $(TESTS)

clients: $(READY) $(AGENTS)/.site/.ready $(NODE)/node_modules/.ready examples/node/node_modules/.ready ## install clients to test with, in folders of their own

$(AGENTS)/.site/.ready: $(AGENTS)/requirements.txt $(READY)
	@rm -rf $(@D)
	@if $(PIP) --no-deps --target $(@D) -r $<; then touch $@; else echo "could not install openai-agents; its tests will skip"; fi

%/node_modules/.ready: %/package.json
	@rm -rf $(@D)
	@if command -v npm >/dev/null && npm install --prefix $* --silent --no-package-lock --no-audit --no-fund; \
	  then touch $@; else echo "could not install the Node client; its tests will skip"; fi

docs: $(READY) ## build the documentation site in docs/_build, offline; warnings are errors
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html docs docs/_build

drift: $(READY) ## what changed in the installed Pipecat, openai and websockets since this was built against them
	@LOGURU_LEVEL=WARNING $(BIN)/python -m tests.drift

drift-baseline: $(READY) ## take the installed versions as those that this is built against
	@LOGURU_LEVEL=WARNING $(BIN)/python -m tests.drift --renew

map: $(READY) ## draw the map of the house again, from the imports (docs/images/house.svg)
	@$(BIN)/python -m docs.house_map

format: $(READY) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

conformance: $(READY) ## score the mock server against real recorded traffic (NINELIVES_RECORDINGS)
	@$(BIN)/python -m tests.conformance.score --worst 10

bench-check: $(READY) ## how long a few things take, as ratios to a loop in the same run; fails beyond a limit
	@$(BIN)/python -m benchmarks.check

bench-services: $(READY) ## what a turn and a delta cost in our services and in Pipecat's own
	@$(BIN)/python -m benchmarks.services

bench-paced: $(READY) ## how late paced events leave, beside a bare protocol in the same run (BENCH="300 1000" sessions)
	@$(BIN)/python -m benchmarks.paced $(BENCH)

bench-recorder: $(READY) ## what the recording proxy adds to a request
	@$(BIN)/python -m benchmarks.proxy

bench: $(READY) ## the mock server beside aimock and a bare server, as ratios (BENCH="--only sse --json out.json")
	@$(BIN)/python -m benchmarks.server $(BENCH)

soak: $(READY) ## five minutes of hostile clients: flat memory, and nobody else notices (SOAK="--minutes 60")
	@$(BIN)/python -m benchmarks.soak $(SOAK)

cassettes: $(READY) ## record the project's own cassettes again
	@$(BIN)/python cassettes/record.py

images: $(READY) ## take the pictures of the docs again (needs chromium)
	@$(BIN)/python -m docs.images.make

lock: $(READY) ## renew constraints.txt from pyproject.toml
	$(BIN)/python -m pip --quiet install uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group dev pyproject.toml \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file constraints.txt

wheel: $(READY) ## build the wheel and the source distribution into dist/
	$(BIN)/python -m build --quiet

clean: ## remove .venv and everything generated
	find . -name __pycache__ -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
	rm -rf $(VENV) docs/_build docs/pages $(AGENTS)/.site $(NODE)/node_modules examples/node/node_modules tests/plugins/.site dist build .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache ninelives-demo
