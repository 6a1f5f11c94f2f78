# Every verb of Sluice. `make` alone lists them; each does its own set-up on a fresh machine.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 3000
ARGS ?=

UV_VERSION := 0.13.9
# Whole paths, because tests and verbs also run in other folders.
OWN_UV := $(CURDIR)/.build/uv/bin/uv
export UV := $(or $(shell command -v uv),$(OWN_UV))
# Python starts three to five times faster from compiled files, and some shells forbid it to write
# them later (PYTHONDONTWRITEBYTECODE).
export UV_COMPILE_BYTECODE := 1
SYNC := $(UV) sync --quiet --locked --inexact
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest --numprocesses 2 --dist loadfile
SAM := $(CURDIR)/.build/sam/bin/sam
export SLUICE_SAM := $(SAM)
export SAM_CLI_TELEMETRY := 0
# What a person gives a verb: STACK=name, ENV=prod, EMAIL=..., REGION=...
export STACK ENV EMAIL TEMPLATE
ifneq ($(REGION),)
export AWS_REGION := $(REGION)
endif

# Node.js comes from PyPI where the machine has none, or one too old for the page's build.
HAS_NODE := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && echo yes)
NODE_ENV := $(if $(HAS_NODE),,.build/node.stamp)
export PATH := $(if $(HAS_NODE),,$(CURDIR)/.build/node/bin:)$(PATH)

##@ Run it on this machine

.PHONY: dev
dev: .build/dev.stamp spa/node_modules/.package-lock.json ## the whole template on this machine: sign-in, API, agent, page (PORT=3000)
	@exec $(PYTHON) -m local --port $(PORT) $(ARGS)

##@ Use it: the stack on this machine, or a deployed one with STACK=NAME

.PHONY: token
token: .build/dev.stamp ## an ID token, for curl (EMAIL=)
	@$(PYTHON) -m ops.token

.PHONY: outputs
outputs: .build/dev.stamp ## where its parts are, as JSON
	@$(PYTHON) -m ops.outputs

.PHONY: create-user
create-user: .build/dev.stamp ## a person who may sign in (EMAIL=; ARGS=--generate, --invite or --reset)
	@$(PYTHON) -m ops.users $(ARGS)

.PHONY: chat
chat: .build/dev.stamp ## a conversation in the terminal (EMAIL=)
	@$(PYTHON) -m ops.chat

.PHONY: logs
logs: .build/dev.stamp ## what it says (ARGS="--since 10m --follow")
	@$(PYTHON) -m ops.logs $(ARGS)

.PHONY: smoke
smoke: .build/dev.stamp ## what only a running stack can answer (ARGS=--json)
	@$(PYTHON) -m ops.smoke $(ARGS)

.PHONY: doctor
doctor: .build/dev.stamp ## what is wrong with it, and what mends it (TEMPLATE=; ARGS="--verbose --json")
	@$(PYTHON) -m ops.doctor $(ARGS)

##@ Bring it to AWS

.PHONY: deploy
deploy: .build/dev.stamp .build/sam.stamp spa/node_modules/.package-lock.json ## the agent, the stack and the page (STACK=, ENV=, REGION=)
	@$(PYTHON) -m ops.deploy

.PHONY: publish-spa
publish-spa: .build/dev.stamp spa/node_modules/.package-lock.json ## the page alone, to a deployed stack (STACK=, ENV=)
	@$(PYTHON) -m ops.publish

.PHONY: destroy
destroy: .build/dev.stamp ## remove a deployed stack, after asking (STACK=; ARGS="--with-data --with-code")
	@$(PYTHON) -m ops.destroy $(ARGS)

.PHONY: bundle
bundle: .build/dev.stamp ## the agent's zip for AgentCore, built and tried here, without AWS
	@$(PYTHON) -m ops.bundle

.PHONY: bundle-agent
bundle-agent: .build/dev.stamp ## the same, uploaded to S3 under its hash (ENV=, REGION=)
	@$(PYTHON) -m ops.bundle --upload

##@ Prove it

TESTING := .build/test.stamp .build/sam.stamp .build/emulator.stamp .build/taskcat.stamp \
  .build/checkov.stamp .build/browser.stamp spa/node_modules/.package-lock.json

.PHONY: check
check: .build/test.stamp .build/sam.stamp spa/node_modules/.package-lock.json ## lint, types and template, in under a minute: before a commit
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy
	@cd spa && npm run --silent check
	@.venv/bin/cfn-lint template.yaml
	@$(SAM) validate --lint
	@$(PYTHON) -m pytest --quiet tests/template

.PHONY: test
test: $(TESTING) ## everything but the long tests (ARGS="-k gateway" for some)
	@$(PYTEST) -m "not slow" $(ARGS)

.PHONY: test-all
test-all: $(TESTING) ## everything
	@$(PYTEST) $(ARGS)

.PHONY: test-deploy
test-deploy: $(TESTING) ## the bundle, the judges, a stack's whole life in an emulator, by the real sam
	@$(PYTEST) tests/deploy tests/judges tests/ops/test_bundle.py tests/ops/test_bundle_upload.py $(ARGS)

.PHONY: test-page
test-page: $(TESTING) ## the long journeys through the page, in a browser
	@$(PYTEST) -m slow tests/e2e $(ARGS)

.PHONY: taskcat
taskcat: .build/test.stamp .build/taskcat.stamp ## deploy to three regions of your own account with taskcat, and delete again
	@$(PYTHON) -m ops.taskcat && .build/taskcat/bin/taskcat test run

.PHONY: bench
bench: .build/test.stamp spa/node_modules/.package-lock.json ## speed and memory beside what they are compared with (ARGS="--only start")
	@$(PYTHON) -m bench $(ARGS)

.PHONY: bench-spa
bench-spa: .build/test.stamp .build/browser.stamp spa/node_modules/.package-lock.json bench/lighthouse/node_modules/.package-lock.json ## what an answer costs the browser, beside plain text, and what Lighthouse says (ARGS=--quick)
	@$(PYTHON) -m bench.page $(ARGS)

.PHONY: spa
spa: spa/node_modules/.package-lock.json ## the page alone, built into spa/dist
	@cd spa && npm run --silent build

.PHONY: pictures
pictures: .build/test.stamp .build/browser.stamp spa/node_modules/.package-lock.json ## the README's pictures, taken from the running page
	@$(PYTHON) -m tests.pictures

##@ Keep it

.PHONY: format
format: .build/test.stamp ## lay out the Python code
	@.venv/bin/ruff check --quiet --fix .
	@.venv/bin/ruff format --quiet .

.PHONY: clean
clean: ## remove what was installed and built; .local (users, conversations) stays
	@rm -rf .venv .build .aws-sam spa/node_modules spa/dist bench/lighthouse/node_modules

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*?## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*?## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- Set-up: each part once, and again when what it is made of changes -----------------------

LOCK := .build/lock.stamp uv.lock pyproject.toml agent/pyproject.toml .python-version

# A package that somebody added by hand goes into the lock, beside what stands there. CI sets
# UV_LOCKED, with which uv refuses instead: what is tested there is what was committed.
.build/lock.stamp: pyproject.toml agent/pyproject.toml | $(filter $(OWN_UV),$(UV))
	@mkdir -p .build
	@"$(UV)" lock --check --quiet 2>/dev/null \
	  || { echo "Adding the packages of agent/pyproject.toml to uv.lock" >&2; "$(UV)" lock --quiet; }
	@touch $@

$(OWN_UV):
	@echo "Fetching uv $(UV_VERSION) into .build/uv"
	@python3 -m venv .build/uv && .build/uv/bin/pip install --quiet uv==$(UV_VERSION) \
	  || { rm -rf .build/uv; echo "uv could not be fetched: install it (https://docs.astral.sh/uv/) and try again."; exit 1; }

.build/dev.stamp: $(LOCK) | $(filter $(OWN_UV),$(UV))
	@echo "Installing the Python packages" >&2
	@$(SYNC) --all-packages && mkdir -p .build && touch $@

.build/test.stamp: $(LOCK) | $(filter $(OWN_UV),$(UV))
	@echo "Installing the packages of the tests"
	@$(SYNC) --all-packages --group test --group lint && mkdir -p .build && touch .build/dev.stamp $@

# Tools that cannot share an environment with the agent, or with each other (pyproject.toml).
.build/sam.stamp .build/emulator.stamp .build/taskcat.stamp .build/checkov.stamp: \
    .build/%.stamp: $(LOCK) | $(filter $(OWN_UV),$(UV))
	@echo "Installing $* into .build/$*"
	@UV_PROJECT_ENVIRONMENT=.build/$* $(SYNC) --only-group $* && touch $@

.build/node.stamp: $(LOCK) | $(filter $(OWN_UV),$(UV))
	@echo "Installing Node.js into .build/node" >&2
	@UV_PROJECT_ENVIRONMENT=.build/node $(SYNC) --only-group node && touch $@

%/node_modules/.package-lock.json: %/package-lock.json $(NODE_ENV)
	@echo "Installing the packages of $*" >&2
	@cd $* && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

.build/browser.stamp: .build/test.stamp
	@$(PYTHON) tests/browser.py && touch $@
