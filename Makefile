# Tasks for working on Clientela; `make` lists them. Each target first sets up what it needs. Repeating one is quick.

# The version of the functions' runtime, because the local cloud runs them on this Python.
IS_3_13 := -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null
PYTHON ?= $(shell for name in python3.13 python3 python; do $$name $(IS_3_13) && command -v $$name && break; done)
WORKERS ?= 2
BIN := .venv/bin
INSTALLED := .venv/installed
API_TOOLS := .venv/api-tools/installed
BENCHMARKS := .venv/benchmarks/installed
ROWS ?= 100000
CHECKOV := .venv/checkov/installed
AUDIT_TOOLS := .venv/audit-tools/installed
NODE_BIN := .venv/api-tools/node_modules/.bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate --no-header

# No telemetry.
export SAM_CLI_TELEMETRY := 0
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup api-tools demo local stop test unit integration e2e mutants check format lock openapi bench bench-imports dynamodb-local audit sbom cost mails check-mails clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Install everything into .venv; checks the hash of every package

# uv installs in seconds but knows nothing of pip's settings; where these lead to another index, pip does it in a minute.
$(INSTALLED): requirements/dev.txt pyproject.toml .python-version
	@$(or $(PYTHON),false) $(IS_3_13) || { echo "Clientela needs Python 3.13: install it, or name it with make PYTHON=..." >&2; exit 1; }
	@$(BIN)/python $(IS_3_13) || $(PYTHON) -m venv --clear .venv # also if another Python made it
	awk '/^uv==/ { found = 1 } found { print; if (!/\\$$/) exit }' requirements/dev.txt > .venv/uv.txt
	$(PIP) install --require-hashes --requirement .venv/uv.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt \
		|| $(PIP) install --require-hashes --requirement requirements/dev.txt
	$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

api-tools: $(API_TOOLS) ## Install the linters of the OpenAPI document and the generators of clients; checks their hashes

# `npm ci` and uv check the hashes in the locks, which name no registry.
$(API_TOOLS): $(INSTALLED) requirements/node/package.json requirements/node/package-lock.json requirements/api-tools.txt
	$(PYTHON) -m venv --clear .venv/api-tools
	cp requirements/node/package.json requirements/node/package-lock.json .venv/api-tools
	npm ci --prefix .venv/api-tools --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/uv pip sync --quiet --python .venv/api-tools/bin/python --require-hashes requirements/api-tools.txt \
		|| .venv/api-tools/bin/python -m pip install --quiet --require-hashes --requirement requirements/api-tools.txt
	@touch $@

demo: setup ## Run a demo without an AWS account: a store, an import, orders, a sign-in, an export
	$(BIN)/python -m local demo

local: setup ## Run the whole stack with the demo's shop on this machine, until Ctrl-C
	@$(BIN)/python -m local start --demo

stop: setup ## Stop a local cloud that runs in another terminal
	@$(BIN)/python -m local stop

test: setup dynamodb-local api-tools ## Run all tests (a few minutes)
	$(BIN)/pytest -n $(WORKERS) tests/unit tests/integration tests/template tests/clients
	$(BIN)/pytest tests/e2e
	$(BIN)/python -m tools.mails check

unit: setup ## Run the unit tests (about a minute)
	$(BIN)/pytest -n $(WORKERS) tests/unit

integration: setup dynamodb-local ## Run the tests against DynamoDB Local
	$(BIN)/pytest -n $(WORKERS) tests/integration

e2e: setup ## Run the tests against the deployed local cloud
	$(BIN)/pytest tests/e2e

mutants: setup dynamodb-local ## Take out each guard in a copy; fail if no test misses it (NAMES="part of a name" for some)
	$(BIN)/python -m tools.mutants --workers $(WORKERS) $(NAMES)

# An environment of its own, from a lock with hashes.
$(CHECKOV): $(INSTALLED) requirements/checkov.txt
	$(call environment,.venv/checkov,requirements/checkov.txt)

$(AUDIT_TOOLS): $(INSTALLED) requirements/audit.txt
	$(call environment,.venv/audit-tools,requirements/audit.txt)

define environment
	$(PYTHON) -m venv --clear $(1)
	$(BIN)/uv pip sync --quiet --python $(1)/bin/python --require-hashes $(2) \
		|| $(1)/bin/python -m pip install --quiet --require-hashes --requirement $(2)
	@touch $@
endef

check: setup api-tools $(CHECKOV) ## Check style, types, layers, generated documents and the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.openapi --check
	$(BIN)/python -m tools.event_schemas --check
	$(NODE_BIN)/redocly lint docs/openapi.json --config tools/openapi/redocly.yaml --format=summary
	$(NODE_BIN)/spectral lint docs/openapi.json --ruleset tools/openapi/spectral.yaml --fail-severity=hint
	$(BIN)/python -m tools.licences --check
	$(BIN)/cfn-lint --include-checks I -- template.yaml deploy/*.yaml
	$(BIN)/python -m tools.template_checks build/templates
	.venv/checkov/bin/checkov --config-file tools/template_checks/checkov.yaml --directory build/templates
	AWS_DEFAULT_REGION=us-east-1 $(BIN)/sam validate --lint --template-file template.yaml

audit: setup $(AUDIT_TOOLS) ## Look for known vulnerabilities of all locked Python packages (asks a service of PyPI)
	.venv/audit-tools/bin/pip-audit --disable-pip --require-hashes --progress-spinner off \
		--requirement layers/dependencies/requirements.txt --requirement requirements/dev.txt

sbom: setup $(AUDIT_TOOLS) ## Write build/sbom.json: what is deployed, in CycloneDX
	@mkdir -p build
	$(PYTHON) -m venv --clear --without-pip build/deployed
	$(BIN)/uv pip sync --quiet --python build/deployed/bin/python --require-hashes layers/dependencies/requirements.txt
	.venv/audit-tools/bin/cyclonedx-py environment build/deployed/bin/python --pyproject pyproject.toml \
		--mc-type application --output-reproducible --output-file build/sbom.json

format: setup ## Format the code, and apply ruff's fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## Lock the dependencies again (UPGRADE=--upgrade for newer versions)
	$(LOCK) $(UPGRADE) --group dev --extra cli pyproject.toml --output-file requirements/dev.txt
	@# Constrained by the other lock, so that the tests run the versions that ship.
	$(LOCK) --constraint requirements/dev.txt pyproject.toml --output-file layers/dependencies/requirements.txt
	$(LOCK) $(UPGRADE) --group api-tools --output-file requirements/api-tools.txt
	$(LOCK) $(UPGRADE) --group benchmarks --output-file requirements/benchmarks.txt
	$(LOCK) $(UPGRADE) --group checkov --output-file requirements/checkov.txt
	$(LOCK) $(UPGRADE) --group audit --output-file requirements/audit.txt
	npm install --prefix requirements/node --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved \
		--no-audit --no-fund
	@# The lock names no address: not those for donations either.
	$(BIN)/python -c "import json; from pathlib import Path; lock = Path('requirements/node/package-lock.json'); \
		data = json.loads(lock.read_text()); [package.pop('funding', None) for package in data['packages'].values()]; \
		lock.write_text(json.dumps(data, indent=1, ensure_ascii=False) + '\n')"

openapi: setup ## Generate the OpenAPI document and the events' schema from the code
	$(BIN)/python -m tools.openapi
	$(BIN)/python -m tools.event_schemas

bench: setup dynamodb-local ## Measure CPU and DynamoDB units, compared with botocore
	$(BIN)/python -m benchmarks

bench-imports: setup dynamodb-local $(BENCHMARKS) ## Measure whole imports beside those of Django (ROWS=100000)
	$(BIN)/python -m benchmarks.import_runs --rows $(ROWS) --django .venv/benchmarks/bin/python

$(BENCHMARKS): $(INSTALLED) requirements/benchmarks.txt
	$(PYTHON) -m venv --clear .venv/benchmarks
	$(BIN)/uv pip sync --quiet --python .venv/benchmarks/bin/python --require-hashes requirements/benchmarks.txt \
		|| .venv/benchmarks/bin/python -m pip install --quiet --require-hashes --requirement requirements/benchmarks.txt
	@touch $@
cost: setup ## Print what Clientela costs on AWS, from measurements and list prices
	$(BIN)/python -m tools.costs

mails: setup ## Write a page with every mail in every language to build/mails
	$(BIN)/python -m tools.mails gallery build/mails

check-mails: setup ## Check every mail in every language, in light and dark, on phone and desktop (needs Chromium)
	$(BIN)/python -m tools.mails check

dynamodb-local: setup ## Download AWS's DynamoDB Local once; checks its hash
	@$(BIN)/python -m local.dynamodb_jar

clean: ## Remove build and test output, but not .venv and downloads
	@test ! -x $(BIN)/python || $(BIN)/python -m local stop
	rm -rf .aws-sam .local .cache/e2e build dist .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
