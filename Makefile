SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

TOOL := go tool -modfile=tools/go.mod

# Compilers and checkers take a sixth to a quarter less time when they may let more garbage lie: 1 GB at most.
LITTER := GOGC=400
build = $(LITTER) go build $(1) -ldflags '-s -w' -o $(2) ./cmd/parley

# The console is built where there is Node, into a directory that is embedded by a build tag. Without Node a server says how to build it, unless
# the console was built before: that one is embedded.
CONSOLE := internal/ui/console/dist/index.html
nodeless := $(shell v=$$(node -p process.versions.node 2>/dev/null) || { echo 'there is no Node here'; exit; }; [ "$${v%%.*}" -ge 20 ] || { echo "this is Node $$v"; exit; }; command -v npm >/dev/null || echo 'there is no npm here')
node = $(if $(nodeless),,yes)
tags = $$(test ! -f $(CONSOLE) || echo -tags console)
left = @test -f $(CONSOLE) || echo 'The console is left out: $(nodeless), and it is built with Node 20 or newer.' >&2

# What takes longest to compile.
LARGE := modernc.org/sqlite/lib github.com/aws/aws-sdk-go-v2/service/s3

# The settings of a release, so that checking, generating and building share one cache.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

.PHONY: help
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# With an empty build cache, half of the time goes into inlining and into debug information, which the linker drops. Where the
# large packages are compiled as make build does it, by that or by a test, that is what is quick.
quick = $(if $(findstring true,$(shell go list -f '{{.Stale}}' $(LARGE))),-gcflags='all=-l -dwarf=false')
progress = 2>&1 | { n=0; while IFS= read -r line; do case $$line in *[\ :]*) echo "$$line" ;; *) n=$$((n + 1)); \
		[ $$n != 5 ] || echo "Building Parley. The first time takes a minute, later ones seconds."; \
		[ $$((n % 50)) != 0 ] || echo "  $$n packages built" ;; esac; done; } >&2

# What the console is built with is fetched while the packages are compiled.
.PHONY: run packages-built
run: ## Start the server in development mode, seeded; LISTEN=127.0.0.1:9000 and ARGS='--data ./chats' change how
	@$(MAKE) --silent --no-print-directory -j2 packages-built $(if $(node),$(CONSOLE))
	$(left)
	@$(call build,-v $(tags) $(quick),bin/dev/parley) $(progress)
	@bin/dev/parley serve --dev $(if $(LISTEN),--listen $(LISTEN)) $(ARGS) || { status=$$?; echo "By make: make run LISTEN=127.0.0.1:9000 listens elsewhere, ARGS='…' adds flags of parley serve." >&2; exit $$status; }

packages-built:
	@$(LITTER) go build -v $(quick) ./internal/cli $(progress)

.PHONY: build
build: $(if $(node),$(CONSOLE)) ## Build bin/parley, one static binary; with the console where there is Node
	$(left)
	$(call build,$(tags),bin/parley)

.PHONY: console
console: $(CONSOLE) ## Build the pages of agents and supervisors from web/console, with Node 20 or newer

web/console/node_modules/.package-lock.json: web/console/package-lock.json
	@echo "Fetching what the console is built with." >&2
	@cd web/console && npm ci --ignore-scripts --no-audit --no-fund --loglevel error >/dev/null && touch node_modules/.package-lock.json

$(CONSOLE): web/console/node_modules/.package-lock.json $(shell find web internal/ccp/assets -name node_modules -prune -o -type f -print)
	@cd web/console && npx --no-install tsc --noEmit && npx --no-install vite build --logLevel warn

# Tests that wait for disks, processes and browsers leave a core to the others, so two targets run beside each other, or as
# many as make -j says, the longest first. Generating comes before them, since it writes what they read, and the console, so that what waits
# for it begins first.
.PHONY: test
test: generate-check $(CONSOLE) ## Run every check and every test
	@$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j2) $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) unit clients lint packages recount

.PHONY: lint
lint: ## Formatting, vet, modernisation and static analysis
	@out=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$out" || { echo "not gofmt'ed:"; echo "$$out"; exit 1; }
	export $(LITTER); go vet ./... && go -C tools vet ./...
	export $(LITTER); go fix -diff ./... && go -C tools fix -diff ./...
	$(LITTER) $(TOOL) staticcheck ./...
	$(LITTER) go -C tools tool staticcheck ./...

.PHONY: generate
generate: ## Write everything generated anew
	$(LITTER) go generate ./...

.PHONY: generate-check
generate-check: generate ## Fail when something generated is not up to date
	@test -z "$$(git status --porcelain -- '*_gen.go' 'web/api/*_gen.ts' docs/operations.md)" || { git diff --stat -- '*_gen.go' 'web/api/*_gen.ts' docs/operations.md; git status --porcelain -- '*_gen.go' 'web/api/*_gen.ts' docs/operations.md; echo "generated files are not up to date: run make generate and commit"; exit 1; }

# What the race detector does not watch: SQLite, which is translated from C and has its data outside of Go's heap, where it does
# not look, and libraries that are given what one goroutine has. It finds nothing there and takes ten times as long.
UNWATCHED := modernc.org/... github.com/alecthomas/kong golang.org/x/crypto/...
UNIT := ./...

# Files that live in memory are durable at once, and no neighbour's disk makes a test wait. Where there is little, or programs may not lie there, it is
# the usual directory; what the linker writes is large, and stays there. Tests know nothing of what is set for the compiler.
BARE := env -u GOGC -u GOTMPDIR
memory = f=$$(mktemp /dev/shm/XXXXXX 2>/dev/null) || exit 0; echo exit >$$f; chmod +x $$f; $$f 2>/dev/null && df -Pk $$f | awk 'NR == 2 && $$4 > 4000000 { print "/dev/shm" }'; rm $$f

# These start no goroutine, and neither do their tests, as the house test sees to: there is nothing to detect, and watching takes five times as long.
# Where they are at work in an engine, they are watched.
ALONE := . ./internal/agent ./internal/codegen/golang ./internal/codegen/model ./internal/contact ./internal/flow ./internal/flow/check ./internal/flow/machine ./internal/flowgraph ./internal/routing ./internal/routing/routingsim

# Debug information is a quarter of what compiling takes, and stack traces do without.
.PHONY: unit
unit: ## Go tests with the race detector, which needs cgo; make lint vets
	@export GOTMPDIR=$${TMPDIR:-/tmp} $(LITTER); files=$$($(memory)); export TMPDIR=$${files:-$$GOTMPDIR}; failed=; \
	all=$$(go list $(UNIT) | sort); known=$$(go list $(ALONE) | sort); \
	alone=$$(comm -12 <(echo "$$all") <(echo "$$known")); others=$$(comm -23 <(echo "$$all") <(echo "$$known")); \
	[ -z "$$others" ] || CGO_ENABLED=1 go test -exec '$(BARE)' -vet=off -race -gcflags='all=-dwarf=false' $(foreach p,$(UNWATCHED),-gcflags='$p=-dwarf=false -race=false') -shuffle=on -timeout 30m $$others || failed=yes; \
	[ -z "$$alone" ] || go test -exec '$(BARE)' -vet=off -shuffle=on -timeout 30m $$alone || failed=yes; \
	[ -z "$$failed" ]

.PHONY: packages
packages: ## Make the packages of this commit for one system, twice, and read them
	$(LITTER) go -C tools test -timeout 30m ./...

.PHONY: clients
clients: $(CONSOLE) ## Build bin/parley, and hold whole chats by the AWS CLI, the JavaScript SDKs and ChatJS in Chromium
	$(call build,$(tags),bin/parley)
	PARLEY_BIN=bin/parley test/clients/run

# Records are flushed to the disk one by one: in memory that takes no time.
CHATS := 2000
.PHONY: recount
recount: ## Simulate chats, and have a script in another language recompute every metric from their records: make recount CHATS=100000
	TMPDIR=$(firstword $(wildcard /dev/shm) /tmp) RECOUNT_CHATS=$(CHATS) $(LITTER) go test -tags recount -count=1 -timeout 0 -run Recount -v ./internal/connectapi

.PHONY: shift
shift: build ## 500 chats through one tab with the agent's page, and what is left of them in memory
	CHATS=500 test/clients/run streams-heap

.PHONY: bench
bench: ## Load the server with whole chats and print figures beside probes of the machine
	go run ./bench

.PHONY: peers
peers: ## Load Parley, NATS JetStream and Centrifugo alike, and print a table with their ratios: make peers ARGS='-only parley,nats -load 2s'
	go run ./bench/peers $(ARGS)

.PHONY: attack
attack: ## Flood a server as strangers may, and print what that does to those who behave
	go run ./bench/attack

.PHONY: soak
soak: ## Kill the server 1,000 times under load, and check that nothing is lost: make soak ARGS='-kills 50 -seed 7'
	go run ./bench/soak $(ARGS)

.PHONY: soak-nodes
soak-nodes: ## Kill, freeze and replace three nodes on PostgreSQL and NATS, and harm those, for ten minutes: make soak-nodes ARGS='1m -seed 7'
	bench/cluster/soak $(ARGS)

.PHONY: powercut
powercut: ## Cut the power of the server's disk 100 times under load; needs Linux, root, /dev/fuse and mkfs.ext4
	cd bench/powercut && go run . $(ARGS)

.PHONY: cost
cost: ## What a call of the Go client costs beside the AWS SDK
	cd bench/awssdk && go test -count=1 -run Cost -v -bench . -benchtime 5000x .

# The release that docs/database.md names. Building it takes some minutes, once.
LITESTREAM := v0.5.18

.PHONY: litestream
litestream: ## Replicate a database under load with Litestream, kill both, and restore
	@test -x bin/litestream && bin/litestream version | grep -qx $(LITESTREAM) || { echo "building Litestream $(LITESTREAM): this takes some minutes"; GOBIN=$(CURDIR)/bin go install github.com/benbjohnson/litestream/cmd/litestream@$(LITESTREAM); }
	LITESTREAM=$(CURDIR)/bin/litestream go test -tags litestream -count=1 -run Litestream -v ./internal/backup

.PHONY: fuzz
fuzz: ## Fuzz each fuzz test for half a minute
	@go list ./... | while read -r p; do go test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz' | while read -r f; do go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 30s $$p; done; done

.PHONY: release
release: ## Write archives, packages, image and chart of this commit to dist: make release REPO_URL=https://github.com/you/parley
	go -C tools run ./release -url '$(REPO_URL)'

.PHONY: release-test
release-test: ## Install what make release writes, in containers; as root, on Linux
	test/release/run

.PHONY: module
module: ## Rename the module to where it is published: make module PATH_TO=github.com/you/parley
	@test -n "$(PATH_TO)" || { echo "say where: make module PATH_TO=github.com/you/parley"; exit 2; }
	@old=$$(go list -m); go mod edit -module "$(PATH_TO)"; \
	git grep -lIF "$$old" | xargs sed -i "s#$$old#$(PATH_TO)#g"; \
	git ls-files '*.go' | xargs gofmt -l | xargs -r gofmt -w; \
	echo "the module is now $$(go list -m)"
