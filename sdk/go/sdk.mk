# The Go SDK; included by the top Makefile.

SDK_GO := sdk/go
SDK_GO_TOOLS := .tools/sdk-go
SDK_GO_INSTALLED := $(SDK_GO_TOOLS)/installed

.PHONY: sdk-go generate-go sdk-go-go

# Plugins and staticcheck, as tools/go.mod pins them.
$(SDK_GO_INSTALLED): $(SDK_GO)/tools/go.mod $(SDK_GO)/tools/go.sum | sdk-go-go
	@echo "Installing the tools of $(SDK_GO)/tools with Go into $(SDK_GO_TOOLS)"
	@GOBIN="$(CURDIR)/$(SDK_GO_TOOLS)/bin" go -C $(SDK_GO)/tools install tool
	@touch $@

sdk-go-go: go-tools
	@command -v go >/dev/null 2>&1 || { \
	  echo "Go 1.26 or later is missing: the Go SDK cannot be tested" >&2; exit 1; }

generate-go: $(BUF_INSTALLED) $(SDK_GO_INSTALLED)
	@cp proto/bookora/webhooks/v1/service_config.json $(SDK_GO)/service_config.json
	@$(BUF) generate --template $(SDK_GO)/buf.gen.yaml

# With the race detector all but the tests of very many events, which it would make slow.
SDK_GO_MANY := TenThousand|WhereTheServiceIsKilledMeanwhile
sdk-go: build sdk-certificates $(SDK_GO_INSTALLED)
	@for module in $(SDK_GO) $(SDK_GO)/tools examples/go; do \
	  unformatted=$$(gofmt -l $$module) && [ -z "$$unformatted" ] || { \
	    echo "gofmt would change: $$unformatted" >&2; exit 1; }; \
	  go -C $$module mod tidy -diff && go -C $$module vet ./... \
	    && (cd $$module && "$(CURDIR)/$(SDK_GO_TOOLS)/bin/staticcheck" ./...) || exit 1; \
	done
	@mkdir -p $(SDK_GO_TOOLS)
	@set -e; result="$(CURDIR)/$(SDK_GO_TOOLS)/result"; rm -f "$$result"; \
	for run in "-race -skip $(SDK_GO_MANY) ./..." "-run $(SDK_GO_MANY) ."; do \
	  go -C $(SDK_GO) test -count=1 -v $$run >"$$result.run" 2>&1 || { \
	    grep -v -e '^=== ' -e '--- PASS' "$$result.run" >&2; exit 1; }; \
	  cat "$$result.run" >>"$$result"; \
	done; \
	! grep -e '--- SKIP' "$$result" || exit 1; \
	echo "sdk-go: $$(grep -c -e '^ *--- PASS' "$$result") tests passed"
