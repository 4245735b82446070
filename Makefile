# Havre. `make` alone lists what there is. Written for GNU make 3.81 (macOS) and newer; needs Node 20 or newer with npm.

SHELL := /bin/sh
NODE_VERSION := 24.21.0

# The machine's own Node when it is new enough, else the pinned one in .node/, fetched through npm.
OWN_NODE := $(shell node -p 'process.versions.node.split(".")[0] >= 24 ? process.execPath : ""' 2>/dev/null)
PLATFORM := $(shell node -p 'process.platform + "-" + process.arch' 2>/dev/null)
PINNED_NODE := $(CURDIR)/.node/node_modules/node-$(PLATFORM)/bin/node
ifneq ($(OWN_NODE),)
NODE := $(OWN_NODE)
else
NODE := $(PINNED_NODE)
ifneq ($(shell $(PINNED_NODE) --version 2>/dev/null),v$(NODE_VERSION))
FETCH_NODE := fetch-node
endif
endif
export PATH := $(dir $(NODE)):$(PATH)

INSTALLED := node_modules/.havre-installed
PORTAL := $(if $(wildcard portal/index.html),dist/portal/index.html)
PORTAL_SOURCES := $(shell find portal -type f -not -path '*/node_modules/*' -not -name '*.test.*' 2>/dev/null)

.PHONY: help run dev build test test-openstack test-clusters test-cgroup2 storm bench lint fmt docs clean install fetch-node checks

help: ## This list
	@echo "Havre, a Virtual Research Environment"
	@echo
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1 /p' Makefile | awk '{ name = $$2; $$1 = $$2 = ""; printf "  make %-15s%s\n", name, $$0 }'
	@echo
	@echo "Start with: make run"

run: build ## Install, build and start everything on http://localhost:1337
	@NODE_COMPILE_CACHE=.cache/node exec $(NODE) src/main.ts up

dev: install ## The same, started again at every change, with the portal on http://localhost:5173
	@exec $(NODE) scripts/dev.ts

build: install $(PORTAL) ## Install the packages and build the portal
	@:

test: install checks ## Every check; ONLY=word for those with the word in path or name
	@exec $(NODE) scripts/test.ts $(ONLY)

test-clusters: install checks ## Work on every cluster: Slurm, Docker, Podman, a Swarm (root); writes its table into docs/
	@exec $(NODE) scripts/clusters-table.ts $(ONLY)

test-cgroup2: install checks ## The sandbox where control groups are version 2 alone, in an emulated machine (Debian 12, root)
	@NODE=$(NODE) exec sh scripts/cgroup2.sh $(ONLY)

test-openstack: install ## Machines against a real OpenStack, started here (Debian 12, root)
	@exec $(NODE) --test --test-reporter=spec test/openstack/real.ts

storm: install checks ## Kill everything at random moments for long; ROUNDS=n, HAVRE_STORM_SEED=s
	@HAVRE_STORM_ROUNDS=$(or $(ROUNDS),50) exec $(NODE) --test --test-concurrency=1 test/storm/*.test.ts

bench: install ## Every benchmark against its named peers; ONLY=name for one
	@set -e; for bench in bench/*$(ONLY)*/run.ts; do echo "== $$bench"; $(NODE) $$bench; done

lint: install ## Style, arrows and types
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --error-on-warnings
	@$(NODE) scripts/check-arrows.ts
	@$(NODE) node_modules/typescript/bin/tsc -p tsconfig.json
	@$(NODE) node_modules/typescript/bin/tsc -p portal/tsconfig.json

fmt: install ## Format the code
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --write

docs: install ## Write the parts of docs/ that come from the code
	@$(NODE) scripts/write-docs.ts

clean: ## Remove what make has made; the data folder stays
	@rm -rf dist .cache node_modules .node

install: $(FETCH_NODE) $(INSTALLED)

fetch-node:
	@command -v npm >/dev/null || { echo "Havre needs Node 20 or newer with npm: https://nodejs.org" >&2; exit 1; }
	@echo "Fetching Node $(NODE_VERSION) ..."
	@npm install --prefix .node --no-save --no-audit --no-fund --loglevel=error node-$(PLATFORM)@$(NODE_VERSION) >/dev/null

# No package needs its install script; what embedded PostgreSQL's would do, Havre does at start.
$(INSTALLED): package-lock.json | $(FETCH_NODE)
	@echo "Installing packages ..."
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

dist/portal/index.html: $(PORTAL_SOURCES) package-lock.json | $(INSTALLED)
	@echo "Building the portal ..."
	@$(NODE) node_modules/vite/bin/vite.js build portal --logLevel warn
	@touch $@

checks:
	@sh scripts/install-checks.sh
