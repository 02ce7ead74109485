# Every target that CI runs, and everything a contributor needs. `make help`
# lists them.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory

PREFIX  ?= /usr/local
DESTDIR ?=
VERSION ?=
FUZZTIME ?= 10s

GO    := go
TOOLS := $(shell $(GO) env GOPATH 2>/dev/null)/bin
ROOT  := $(filter 0,$(shell id -u))

# Go leaves directories called testdata out of ./...
PACKAGES := ./... ./testdata/bench

# The program under test, which the end-to-end tests run where it lies: an
# installed one as well, as in JAIL_BIN=/usr/local/bin/jail.
JAIL_BIN ?= $(CURDIR)/bin/jail

# Most tests wait more than they work, so more of them run at once than there are
# processors. SHORT= runs those that take long as well.
SHORT   ?= -short
GOTEST  = JAIL_BIN=$(JAIL_BIN) $(GO) test $(SHORT) -p 4 -parallel 6 -timeout 20m $(TESTFLAGS)

# Packages that take longest begin first.
LONG := ./jail ./e2e/security ./e2e/...

# Of the packages that root tests again, those of package jail and of what is
# tested end to end, a test says whether root runs it: see internal/testenv.
ROOTS = $(LONG) ./jail/...

# One static binary without cgo: nothing of the host's is loaded into jail, and
# no time goes into a C library's start.
ifneq ($(VERSION),)
SETVERSION := -X main.version=$(VERSION)
endif
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w $(SETENTRY) $(SETVERSION)'
BUILDQUICK = CGO_ENABLED=0 $(GO) build -trimpath -tags quick -ldflags '-s -w $(SETENTRY) -T $(QUICKAT)'

# Where jail begins: see docs/decisions/0019-head-start.md. On another architecture
# it begins as every Go program does, and starts jails later.
AMD64    := $(filter amd64,$(shell $(GO) env GOARCH 2>/dev/null))
SETENTRY := $(if $(AMD64),-E github.com/jail-project/jail/jail.entry)

# bin/jail is two programs in one file, see docs/decisions/0020-two-programs.md.
# `make build QUICK=` makes it the whole one alone, which works as well.
QUICK    := $(AMD64)
QUICKAT  := 0x20001000
MARK     := 0x6572656877657362

# Inside that binary is another one, which compiles syscall filters and is
# linked with libseccomp. It is the same for every commit that does not change
# it: programs in the caches of users stay valid.
BUILDFILTER := CGO_ENABLED=1 $(GO) build -trimpath -buildvcs=false \
	-ldflags '-s -w -linkmode external -extldflags "-static"'
COMPILER := seccomp/compiler/bin

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all
all: build lint test-all ## Build, check and test

.PHONY: deps
deps: ## Install what building, testing and measuring need (as root), or say how
	@scripts/deps build run test bench docs lint

.PHONY: build
build: ## Build the static binary bin/jail
	@scripts/deps build
	$(BUILDFILTER) -o $(COMPILER)/jail-filter ./cmd/jail-filter
	@echo "libseccomp $$(pkg-config --modversion libseccomp), sha256 $$(sha256sum <$(COMPILER)/jail-filter | cut -d " " -f 1)" >$(COMPILER)/version
	$(BUILD) -o bin/jail$(if $(QUICK),-whole) ./cmd/jail
ifneq ($(QUICK),)
	$(BUILDQUICK) -o bin/jail-quick ./cmd/jail
	$(GO) run ./cmd/jail/internal/mkjail -mark $(MARK) bin/jail-quick bin/jail-whole bin/jail
endif

.PHONY: run
run: ## Build jail and show a real program inside and outside of it
	@scripts/deps build run
	@$(if $(ROOT),scripts/as-user $(MAKE) run,$(MAKE) build && scripts/demo)

.PHONY: test
test: ## All tests in their quick form, unprivileged; when started as root then also as root
	@scripts/deps build test
	@$(if $(ROOT),scripts/as-user $(MAKE) test-user && $(MAKE) test-root,$(MAKE) test-user)

.PHONY: test-all
test-all: ## All tests in full, those that take long as well, and every fuzz test for FUZZTIME (10s)
	@scripts/deps build test
	@$(if $(ROOT),scripts/as-user) $(MAKE) test-user fuzz SHORT=
	@$(if $(ROOT),$(MAKE) test-root SHORT=)

.PHONY: test-user
test-user: build vet ## The tests as the user who calls
	$(GOTEST) $(LONG) $(PACKAGES)

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
fuzz: ## Run every fuzz test for FUZZTIME (10s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: golden
golden: build ## Write the golden files anew; look at the diff before committing
	@scripts/golden

.PHONY: vet
vet: ## go vet
	$(GO) vet $(PACKAGES)
	$(GO) vet -tags quick ./cmd/jail

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
	$(TOOLS)/golangci-lint run --build-tags quick ./cmd/jail
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
# bench copies it. BENCHFLAGS="-short", "-json", "-only firefox" and so on.
.PHONY: bench
bench: build ## Measure start-up and memory beside bubblewrap, firejail and the floor
	@scripts/deps bench
	gcc -O2 -static -Wall -Wextra -o bin/floor testdata/floor/floor.c
	gcc -O2 -static -Wall -Wextra -o bin/peak testdata/floor/peak.c
	CGO_ENABLED=0 $(GO) build -o bin/bench ./testdata/bench
	bin/bench -user "$$(scripts/as-user --account)" $(BENCHFLAGS)

.PHONY: install
install: build man ## Install below DESTDIR and PREFIX
	install -D -m 755 bin/jail $(DESTDIR)$(PREFIX)/bin/jail
	@for page in $(MANUALS); do \
		install -D -v -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	@for profile in $$(cd profiles && find . -name '*.yaml'); do \
		install -D -m 644 profiles/$$profile $(DESTDIR)/usr/share/jail/profiles/$$profile; \
	done
	@scripts/completions $(DESTDIR)$(PREFIX)/share

.PHONY: uninstall
uninstall: ## Remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/jail
	@for page in $(MANUALS); do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	@scripts/completions --remove $(DESTDIR)$(PREFIX)/share
	rm -rf $(DESTDIR)/usr/share/jail/profiles

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf bin $(COMPILER)/jail-filter $(COMPILER)/version
