# Every command of Sluice. `make` alone lists them; each installs what it needs.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 3000
ARGS ?=

# This folder's path may hold spaces, quotes and letters of any script: targets are relative, whole
# paths reach programs by the environment alone, and recipes quote what people give. Some characters
# work nowhere: `:` ends a path in PATH, Vite takes the others for parts of an address or a pattern.
HASH := \#
BACKSLASH := $(lastword \ \)
$(foreach mark,: ? [ { $(HASH) $(BACKSLASH),$(if $(findstring $(mark),$(CURDIR)),\
  $(error Sluice cannot work in a folder whose path has "$(mark)": move or rename it ($(CURDIR)))))

UV_VERSION := 0.13.9
OWN_UV := .build/uv/bin/uv
# The redirection makes make 3.81 ask the shell, which alone knows `command`.
HAS_UV := $(shell command -v uv 2>/dev/null)
NEEDS_UV := $(if $(HAS_UV),,$(OWN_UV))
# Whole paths, because tests and commands also run in other folders.
export UV := $(or $(HAS_UV),$(CURDIR)/$(OWN_UV))
# Python starts three to five times faster from compiled files, which some shells forbid it to write.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE
SYNC := "$$UV" sync --quiet --locked --inexact
PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
export SLUICE_SAM := $(CURDIR)/.build/sam/bin/sam
export SAM_CLI_TELEMETRY := 0
# What a person gives a command: STACK=name, ENV=prod, EMAIL=..., REGION=...
export STACK ENV EMAIL TEMPLATE AGENT FILE
ifneq ($(AGENT),)
export SLUICE_AGENT := $(AGENT)
endif
ifneq ($(KNOWLEDGE),)
export SLUICE_OFFLINE_KNOWLEDGE := $(KNOWLEDGE)
endif
ifneq ($(REGION),)
export AWS_REGION := $(REGION)
endif

# Node.js comes from PyPI where the machine has none, or one too old for the page's build.
HAS_NODE := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && echo yes)
NEEDS_NODE := $(if $(HAS_NODE),,.build/node.stamp)
# Of a shell that develops another program: npm would leave out what builds the page.
unexport NODE_ENV
export PATH := $(if $(HAS_NODE),,$(CURDIR)/.build/node/bin:)$(PATH)

##@ Run it on this machine

.PHONY: dev
dev: .build/dev.stamp $(if $(AGENT),.build/examples.stamp) spa/node_modules/.package-lock.json ## the whole template on this machine: sign-in, API, agent, page (PORT=3000, AGENT=examples/graph.py, KNOWLEDGE=examples/knowledge)
	@exec $(PYTHON) -m local --port "$(PORT)" $(ARGS)

##@ Use it: the stack on this machine, or a deployed one with STACK=NAME

.PHONY: token
token: .build/dev.stamp ## an ID token, for curl (EMAIL=)
	@$(PYTHON) -m ops token

.PHONY: outputs
outputs: .build/dev.stamp ## where its parts are, as JSON
	@$(PYTHON) -m ops outputs

.PHONY: create-user
create-user: .build/dev.stamp ## a person who may sign in (EMAIL=; ARGS=--generate, --invite or --reset)
	@$(PYTHON) -m ops create-user $(ARGS)

.PHONY: chat
chat: .build/dev.stamp ## a conversation in the terminal (EMAIL=)
	@$(PYTHON) -m ops chat

.PHONY: eval
eval: .build/dev.stamp ## ask it the questions of FILE=questions.jsonl and judge its answers
	@$(PYTHON) -m ops eval $(ARGS)

.PHONY: export-ratings
export-ratings: .build/dev.stamp ## the answers that people rated, as JSON lines
	@$(PYTHON) -m ops export-ratings $(ARGS)

.PHONY: logs
logs: .build/dev.stamp ## what it says (ARGS="--since 10m --follow")
	@$(PYTHON) -m ops logs $(ARGS)

.PHONY: smoke
smoke: .build/dev.stamp ## what only a running stack can answer (ARGS=--json)
	@$(PYTHON) -m ops doctor --live --verbose $(ARGS)

.PHONY: doctor
doctor: .build/dev.stamp ## what is wrong with it, and what fixes it (TEMPLATE=; ARGS="--verbose --json")
	@$(PYTHON) -m ops doctor $(ARGS)

##@ Bring it to AWS

.PHONY: deploy
deploy: .build/dev.stamp .build/sam.stamp spa/node_modules/.package-lock.json ## the agent, the stack and the page (STACK=, ENV=, REGION=)
	@$(PYTHON) -m ops deploy

.PHONY: publish-spa
publish-spa: .build/dev.stamp spa/node_modules/.package-lock.json ## the page alone, to a deployed stack (STACK=, ENV=)
	@$(PYTHON) -m ops publish-spa

.PHONY: destroy
destroy: .build/dev.stamp ## remove a deployed stack, after asking (STACK=; ARGS="--with-data --with-code")
	@$(PYTHON) -m ops destroy $(ARGS)

.PHONY: bundle
bundle: .build/dev.stamp ## the agent's zip for AgentCore, built and tried here, without AWS
	@$(PYTHON) -m ops bundle

.PHONY: bundle-agent
bundle-agent: .build/dev.stamp ## the same, uploaded to S3 under its hash (ENV=, REGION=)
	@$(PYTHON) -m ops bundle --upload

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
	@"$$SLUICE_SAM" validate --lint
	@$(PYTEST) --quiet tests/template

.PHONY: test
test: $(TESTING) ## everything but the long tests (ARGS="-k gateway" for some)
	@$(PYTEST) -m "not slow" $(ARGS)

.PHONY: test-all
test-all: $(TESTING) ## everything
	@$(PYTEST) $(ARGS)

.PHONY: test-deploy
test-deploy: $(TESTING) ## the bundle, smoke, the judges, a stack's whole life in an emulator, by the real sam
	@$(PYTEST) tests/deploy tests/judges tests/ops/test_bundle.py tests/ops/test_bundle_upload.py tests/ops/test_doctor_thorough.py $(ARGS)

.PHONY: test-long
test-long: $(TESTING) ## the other long tests: journeys through the page, kills and cuts by the hundred
	@$(PYTEST) -m slow tests/agent tests/e2e tests/local tests/spa tests/test_readme.py $(ARGS)

.PHONY: taskcat
taskcat: .build/test.stamp .build/taskcat.stamp ## deploy to three regions of your own account with taskcat, and delete again
	@$(PYTHON) -m ops taskcat && .build/taskcat/bin/taskcat test run

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
	  /^[a-z-]+:.*?## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

# ---- Set-up: each part once, and again when what it is made of changes -----------------------

LOCK := .build/lock.stamp uv.lock pyproject.toml agent/pyproject.toml .python-version

# A package that somebody added by hand goes into the lock, beside what stands there. CI sets
# UV_LOCKED, with which uv refuses instead: what is tested there is what was committed.
.build/lock.stamp: pyproject.toml agent/pyproject.toml | $(NEEDS_UV)
	@mkdir -p .build
	@# Where it cannot be made, the step that needs it fails, and is named.
	@if "$$UV" lock --check --quiet 2>/dev/null \
	  || { echo "Adding the packages of agent/pyproject.toml to uv.lock" >&2; "$$UV" lock --quiet; }; \
	  then touch $@; fi

# The step that failed, after the reason that its program gives.
FAILED = || { echo "$(1) failed, for the reason above. Try again when it is gone: what is there already stays." >&2; exit 1; }

$(OWN_UV):
	@echo "Fetching uv $(UV_VERSION) into .build/uv" >&2
	@python3 -m venv .build/uv >&2 && .build/uv/bin/python -m pip install --quiet uv==$(UV_VERSION) \
	  || { rm -rf .build/uv; echo "uv could not be fetched: install it (https://docs.astral.sh/uv/) and try again." >&2; exit 1; }

.build/dev.stamp: $(LOCK) | $(NEEDS_UV)
	@echo "Installing the Python packages into .venv" >&2
	@$(SYNC) --all-packages $(call FAILED,Installing the Python packages)
	@mkdir -p .build && touch $@

# What agents in examples/ import beside what the bundle has.
.build/examples.stamp: $(LOCK) | $(NEEDS_UV)
	@echo "Installing the packages of the examples into .venv" >&2
	@$(SYNC) --all-packages --group examples $(call FAILED,Installing the packages of the examples)
	@mkdir -p .build && touch .build/dev.stamp $@

.build/test.stamp: $(LOCK) | $(NEEDS_UV)
	@echo "Installing the packages of the tests into .venv" >&2
	@$(SYNC) --all-packages --group test --group lint --group examples $(call FAILED,Installing the packages of the tests)
	@mkdir -p .build && touch .build/dev.stamp $@

# Programs that cannot share an environment with the agent, or with each other: each has a lock of
# its own in tools/, because each pins a boto3 of its own.
TOOLS := $(patsubst tools/%/pyproject.toml,.build/%.stamp,$(wildcard tools/*/pyproject.toml))
$(TOOLS): .build/%.stamp: tools/%/uv.lock tools/%/pyproject.toml .python-version | $(NEEDS_UV)
	@echo "Installing $* into .build/$*" >&2
	@UV_PROJECT_ENVIRONMENT=../../.build/$* $(SYNC) --project tools/$* $(call FAILED,Installing $*)
	@touch $@

.build/node.stamp: $(LOCK) | $(NEEDS_UV)
	@echo "Installing node into .build/node" >&2
	@UV_PROJECT_ENVIRONMENT=.build/node $(SYNC) --only-group node $(call FAILED,Installing node)
	@touch $@

# What builds the page is a development dependency, which some people's npm leaves out.
%/node_modules/.package-lock.json: %/package-lock.json $(NEEDS_NODE)
	@echo "Installing the packages of $* into $*/node_modules" >&2
	@cd $* && npm ci --loglevel=error --include=dev --no-audit --no-fund >&2 $(call FAILED,Installing the packages of $*)
	@touch $@

.build/browser.stamp: .build/test.stamp tests/browser.py tests/browser_setup.py tests/chromium/package-lock.json $(NEEDS_NODE)
	@$(PYTHON) -m tests.browser_setup
