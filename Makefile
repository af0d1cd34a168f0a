SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

TOOL := go tool -modfile=tools/go.mod
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X parley.example/parley/internal/cli.version=$(VERSION)

# The settings of a release, so that checking, generating and building share one cache.
export CGO_ENABLED := 0
export GOFLAGS := $(strip $(GOFLAGS) -trimpath)

.PHONY: help
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start the server in development mode, seeded, ready to chat
	@go run ./cmd/parley serve --dev

.PHONY: build
build: ## Build bin/parley, one static binary
	go build -ldflags '$(LDFLAGS)' -o bin/parley ./cmd/parley

.PHONY: test
test: lint generate-check unit clients build ## Run every check and every test

.PHONY: lint
lint: ## Formatting, vet, modernisation and static analysis
	@out=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$out" || { echo "not gofmt'ed:"; echo "$$out"; exit 1; }
	go vet ./...
	go fix -diff ./...
	$(TOOL) staticcheck ./...

.PHONY: generate
generate: ## Write everything generated anew
	go generate ./...

.PHONY: generate-check
generate-check: generate ## Fail when something generated is not up to date
	@test -z "$$(git status --porcelain -- '*_gen.go' docs/operations.md)" || { git diff --stat -- '*_gen.go' docs/operations.md; git status --porcelain -- '*_gen.go' docs/operations.md; echo "generated files are not up to date: run make generate and commit"; exit 1; }

.PHONY: unit
unit: ## Go tests with the race detector, which needs cgo; make lint vets
	CGO_ENABLED=1 go test -vet=off -race -shuffle=on -timeout 30m ./...

.PHONY: clients
clients: ## Whole chats by the AWS CLI, the JavaScript SDKs and ChatJS in Chromium
	test/clients/run

.PHONY: bench
bench: ## Load the server with whole chats and print figures beside probes of the machine
	go run ./bench

.PHONY: cost
cost: ## What a call of the Go client costs beside the AWS SDK
	cd bench/awssdk && go test -count=1 -run Cost -v -bench . -benchtime 5000x .

.PHONY: fuzz
fuzz: ## Fuzz each fuzz test for half a minute
	@go list ./... | while read -r p; do go test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz' | while read -r f; do go test -run '^$$' -fuzz "^$$f\$$" -fuzztime 30s $$p; done; done

.PHONY: module
module: ## Rename the module to where it is published: make module PATH_TO=github.com/you/parley
	@test -n "$(PATH_TO)" || { echo "say where: make module PATH_TO=github.com/you/parley"; exit 2; }
	@old=$$(go list -m); go mod edit -module "$(PATH_TO)"; \
	git grep -lIF "$$old" | xargs sed -i "s#$$old#$(PATH_TO)#g"; \
	git ls-files '*.go' | xargs gofmt -l | xargs -r gofmt -w; \
	echo "the module is now $$(go list -m)"
