# The TypeScript SDK; included by the top Makefile.

SDK_TYPESCRIPT := sdk/typescript
# npm writes it last.
SDK_TYPESCRIPT_INSTALLED := $(SDK_TYPESCRIPT)/node_modules/.package-lock.json

.PHONY: sdk-typescript generate-typescript sdk-typescript-chromium

$(SDK_TYPESCRIPT_INSTALLED): $(SDK_TYPESCRIPT)/package-lock.json | script-tools
	@echo "Installing the packages of $(SDK_TYPESCRIPT): npm ci"
	@cd $(SDK_TYPESCRIPT) && npm ci --no-audit --no-fund
	@touch $@

generate-typescript: $(BUF_INSTALLED) $(SDK_TYPESCRIPT_INSTALLED)
	@$(BUF) generate --template $(SDK_TYPESCRIPT)/buf.gen.yaml
