# Every target that CI runs, and everything a contributor needs. `make help`
# lists them.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory

PREFIX  ?= /usr/local
DESTDIR ?=
VERSION ?=
FUZZTIME ?= 6s

GO    := go

# Debugging information as dwz(1) can read it: DWARF 4, not compressed. For all that Go
# builds here, so that it is built once.
export GOEXPERIMENT := $(shell GOEXPERIMENT=nodwarf5 $(GO) version >/dev/null 2>&1 && echo nodwarf5)

TOOLS := $(shell $(GO) env GOPATH 2>/dev/null)/bin
ROOT  := $(filter 0,$(shell id -u))

# Go leaves directories called testdata out of ./...
PACKAGES := ./... ./testdata/bench ./testdata/bench/flow

# The program under test, which the end-to-end tests run where it lies: an
# installed one as well, as in JAIL_BIN=/usr/local/bin/jail.
JAIL_BIN ?= $(CURDIR)/bin/jail

# Most tests wait more than they work, so more of them run at once than there are
# processors. SHORT= runs those that take long as well.
SHORT   ?= -short
GOTEST  = JAIL_BIN=$(JAIL_BIN) $(GO) test $(SHORT) -p 4 -parallel 6 -timeout 20m $(TESTFLAGS)

# Packages that take longest begin first.
LONG := ./e2e/security ./jail/launch ./jail/compile ./cmd/jail ./e2e/...

# Of the packages that root tests again, those of package jail and of what is
# tested end to end, a test says whether root runs it: see internal/testenv.
ROOTS = $(LONG) ./jail/...

# How test and test-all run the tests as an ordinary user: CI says test-installed.
USERS ?= test-user

# bin/jail is a small program without YAML, the grammar of flags and D-Bus, which
# launches what the cache has; libexec/jail/jail is the whole program, which it
# executes for everything else. See docs/decisions/0021-ordinary-executables.md.
#
# The whole program is static and position independent: nothing of the host's is loaded
# into jail, and it can be the probe of `jail score --measure` in every jail. The C
# library of a static binary has no plug-ins to look up names with: netgo and
# osusergo. There is nothing of the place in either where it was built: two builds
# by the same versions of Go, gcc, libc and libseccomp are the same files. Neither is
# stripped; strip(1) and objcopy --only-keep-debug do what they always do.
ifneq ($(VERSION),)
SETVERSION := -X main.version=$(VERSION)
endif
# What both are of one build by: their sources.
BUILD_ID = $(shell find . -path ./bin -prune -o \( -name '*.go' -o -name '*.s' -o -name '*.yaml' -o -name '*.bpf' -o -name 'go.*' \) -type f -print | \
	LC_ALL=C sort | xargs cat | sha256sum | cut -c 1-32)
SETID    = -X github.com/jail-project/jail/cmd/internal/build.id=$(BUILD_ID)
WHOLE    = CGO_ENABLED=1 $(GO) build -trimpath -buildmode=pie -tags netgo,osusergo \
	-ldflags '-linkmode external -extldflags "-static-pie" -compressdwarf=false $(SETID) $(SETVERSION)'
LAUNCHER = CGO_ENABLED=0 $(GO) build -trimpath $(LAUNCHERFLAGS) -ldflags '-compressdwarf=false $(SETID)'

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all
all: build lint test-all ## Build, check and test

.PHONY: deps
deps: ## Install what building, testing and measuring need (as root), or say how
	@scripts/deps build run test bench docs lint

.PHONY: build
build: ## Build bin/jail and libexec/jail/jail
	@scripts/deps build
	$(WHOLE) -o libexec/jail/jail ./cmd/jail
	$(LAUNCHER) -o bin/jail ./cmd/jail-launcher

.PHONY: run
run: ## Build jail and show a real program inside and outside of it
	@scripts/deps build run
	@$(if $(ROOT),scripts/as-user $(MAKE) run,$(MAKE) build && scripts/demo)

.PHONY: test
test: ## All tests in their quick form, unprivileged; when started as root then also as root
	@scripts/deps build test
	@$(if $(ROOT),scripts/as-user $(MAKE) $(USERS) && $(MAKE) test-root,$(MAKE) $(USERS))

.PHONY: test-all
test-all: ## All tests in full, those that take long as well, and every fuzz test for FUZZTIME (6s)
	@$(MAKE) test SHORT=
	@$(if $(ROOT),scripts/as-user) $(MAKE) fuzz

.PHONY: test-user
test-user: build vet ## The tests as the user who calls
	$(GOTEST) $(LONG) $(PACKAGES)

.PHONY: test-installed
test-installed: ## The tests as an ordinary user, of an installed tree without symbols
	@scripts/deps build test docs
	@$(if $(ROOT),scripts/as-user $(MAKE) test-installed,rm -rf bin/installed && \
		installed=$$(scripts/installed $(CURDIR)/bin/installed) && $(MAKE) test-user JAIL_BIN=$$installed)

.PHONY: test-alone
test-alone: ## The tests as an ordinary user, of what plain go build makes, without the launcher
	@scripts/deps build test
	@$(if $(ROOT),scripts/as-user $(MAKE) test-alone,$(MAKE) build && $(GO) build -o bin/alone/jail ./cmd/jail && \
		$(MAKE) test-user JAIL_BIN=$(CURDIR)/bin/alone/jail)

.PHONY: test-root
test-root: build ## The tests that behave otherwise when root runs them
	JAIL_TEST_AS_ROOT=1 $(GOTEST) $(ROOTS)

.PHONY: test-race
test-race: build ## The tests with the race detector
	JAIL_BIN=$(JAIL_BIN) $(GO) test -race $(SHORT) -timeout 30m $(TESTFLAGS) $(PACKAGES)

# SECURITYFLAGS=-long takes as many launches, races and cases as are promised.
export SECURITYFLAGS ?=

.PHONY: test-security
test-security: ## Every known class of weakness, tried in jail and beside it, as a table; by root also in jails of root
	@scripts/deps build test
	@scripts/security

.PHONY: security-table
security-table: ## The same, with the table written to docs/security-table.md
	@scripts/deps build test
	@scripts/security docs/security-table.md

.PHONY: test-security-user
test-security-user: build
	JAIL_BIN=$(JAIL_BIN) $(GO) test -count=1 -timeout 60m -parallel 8 ./e2e/security -args $(SECURITYFLAGS) $(if $(TABLE),-table $(TABLE))

.PHONY: test-security-root
test-security-root: build
	JAIL_TEST_AS_ROOT=1 JAIL_BIN=$(JAIL_BIN) $(GO) test -count=1 -timeout 60m -parallel 8 -run TestRows ./e2e/security

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (6s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: golden
golden: build ## Write the golden files anew; look at the diff before committing
	@scripts/golden

.PHONY: vet
vet: ## go vet
	$(GO) vet $(PACKAGES)

.PHONY: cross
cross: ## Build and vet for arm64, without cgo
	CGO_ENABLED=0 GOARCH=arm64 $(GO) build $(PACKAGES)
	CGO_ENABLED=0 GOARCH=arm64 $(GO) vet $(PACKAGES)

.PHONY: fmt
fmt: ## Format all Go code
	@scripts/tools gofumpt golangci-lint
	$(TOOLS)/golangci-lint fmt ./... ./testdata/...

.PHONY: lint
lint: ## All linters, for Go code and for scripts
	@scripts/deps build lint
	@scripts/tools
	@unformatted=$$($(TOOLS)/gofumpt -l .); [ -z "$$unformatted" ] || { echo "not formatted by gofumpt: $$unformatted"; exit 1; }
	$(TOOLS)/staticcheck $(PACKAGES)
	$(TOOLS)/golangci-lint run $(PACKAGES)
	shellcheck .ci/run $(wildcard scripts/*) testdata/demo/probe.sh

.PHONY: tidy-check
tidy-check: ## Check that go.mod and go.sum are what the code needs
	$(GO) mod tidy -diff
	$(GO) mod verify

.PHONY: generate
generate: ## Make the generated tables and the filters of the shipped profiles
	@scripts/deps build
	$(GO) generate ./...

MANUALS := $(patsubst man/%.scd,bin/man/%,$(wildcard man/*.scd))

.PHONY: man
man: docs-deps $(MANUALS) ## Make the manual pages, into bin/man

.PHONY: docs-deps
docs-deps:
	@scripts/deps docs

bin/man/%: man/%.scd | docs-deps
	@mkdir -p $(@D)
	scdoc <$< >$@.new && mv $@.new $@

.PHONY: docs-check
docs-check: man ## Check the manual pages
	$(if $(MANUALS),mandoc -T lint -W error $(MANUALS))

.PHONY: cover
cover: build ## Test coverage, as a table and in bin/cover.html
	$(GO) test -coverprofile=bin/cover.out -coverpkg=./... ./...
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	$(GO) tool cover -func=bin/cover.out | tail -n 1

# What the bench runs must be executable by the account it launches as; the
# bench copies it. BENCHFLAGS="-short", "-json", "-only firefox",
# "-before FORMER/bin/jail" and so on.
.PHONY: bench
bench: build ## Measure start-up, processor time and memory beside bubblewrap, firejail and the floor
	@scripts/deps bench
	gcc -O2 -static -Wall -Wextra -o bin/floor testdata/floor/floor.c
	gcc -O2 -static -Wall -Wextra -o bin/peak testdata/floor/peak.c
	CGO_ENABLED=0 $(GO) build -o bin/bench ./testdata/bench
	CGO_ENABLED=0 $(GO) build -o bin/flow ./testdata/bench/flow
	bin/bench -user "$$(scripts/as-user --account)" $(BENCHFLAGS)

.PHONY: install
install: build man ## Install below DESTDIR and PREFIX
	install -D -m 755 bin/jail $(DESTDIR)$(PREFIX)/bin/jail
	install -D -m 755 libexec/jail/jail $(DESTDIR)$(PREFIX)/libexec/jail/jail
	@for page in $(MANUALS); do \
		install -D -v -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	@for profile in $$(cd profiles && find . -name '*.yaml'); do \
		install -D -m 644 profiles/$$profile $(DESTDIR)/usr/share/jail/profiles/$$profile; \
	done
	@scripts/completions $(DESTDIR)$(PREFIX)/share

.PHONY: reproducible
reproducible: ## Build in two directories and compare the bytes; LONG=1 with build caches of their own
	@scripts/deps build
	@scripts/reproducible

.PHONY: uninstall
uninstall: ## Remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/jail
	rm -rf $(DESTDIR)$(PREFIX)/libexec/jail
	@for page in $(MANUALS); do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	@scripts/completions --remove $(DESTDIR)$(PREFIX)/share
	rm -rf $(DESTDIR)/usr/share/jail/profiles

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf bin libexec
