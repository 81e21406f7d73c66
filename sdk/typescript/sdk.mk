# The TypeScript SDK; included by the top Makefile.

SDK_TYPESCRIPT := sdk/typescript
SDK_TYPESCRIPT_EXAMPLE := examples/typescript
# npm writes it last.
SDK_TYPESCRIPT_INSTALLED := $(SDK_TYPESCRIPT)/node_modules/.package-lock.json
SDK_TYPESCRIPT_EXAMPLE_INSTALLED := $(SDK_TYPESCRIPT_EXAMPLE)/node_modules/.package-lock.json

.PHONY: sdk-typescript generate-typescript sdk-typescript-chromium

$(SDK_TYPESCRIPT_INSTALLED): $(SDK_TYPESCRIPT)/package-lock.json | script-tools
	@echo "Installing the packages of $(SDK_TYPESCRIPT): npm ci"
	@cd $(SDK_TYPESCRIPT) && npm ci --no-audit --no-fund
	@touch $@

$(SDK_TYPESCRIPT_EXAMPLE_INSTALLED): $(SDK_TYPESCRIPT_EXAMPLE)/package-lock.json | script-tools
	@echo "Installing the packages of $(SDK_TYPESCRIPT_EXAMPLE): npm ci"
	@cd $(SDK_TYPESCRIPT_EXAMPLE) && npm ci --no-audit --no-fund
	@touch $@

# The browser in which the tests open a page.
sdk-typescript-chromium:
	@[ -n "$$CHROMIUM" ] || command -v chromium >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "Installing a browser for the tests: apt-get install -y chromium"; \
	    apt-get update -qq && apt-get install -y -qq chromium; \
	  else \
	    echo "Chromium is missing: apt-get install chromium, or name one in CHROMIUM" >&2; exit 1; \
	  fi; }

generate-typescript: $(BUF_INSTALLED) $(SDK_TYPESCRIPT_INSTALLED)
	@$(BUF) generate --template $(SDK_TYPESCRIPT)/buf.gen.yaml

sdk-typescript: build sdk-certificates $(SDK_TYPESCRIPT_INSTALLED) $(SDK_TYPESCRIPT_EXAMPLE_INSTALLED) sdk-typescript-chromium ## Test the TypeScript SDK, in Node and in a browser
	@sh $(SDK_TYPESCRIPT)/test.sh
