# The Python SDK; included by the top Makefile.

SDK_PYTHON := sdk/python
SDK_PYTHON_TOOLS := .tools/sdk-python
SDK_PYTHON_INSTALLED := $(SDK_PYTHON_TOOLS)/venv/installed
SDK_PYTHON_STUBS := $(SDK_PYTHON)/src/bookora/webhooks

.PHONY: sdk-python generate-python

$(SDK_PYTHON_INSTALLED): $(SDK_PYTHON)/requirements.txt examples/python/requirements.txt $(BUF_INSTALLED)
	@echo "Installing what the Python SDK is tested with from PyPI into $(SDK_PYTHON_TOOLS)"
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r $(SDK_PYTHON)/requirements.txt -r examples/python/requirements.txt
	@touch $@

generate-python: $(SDK_PYTHON_INSTALLED) $(BUF_INSTALLED)
	@cp proto/bookora/webhooks/v1/service_config.json $(SDK_PYTHON_STUBS)/service_config.json
	@rm -rf $(SDK_PYTHON_STUBS)/v1
	@$(BUF) generate --template $(SDK_PYTHON)/buf.gen.yaml
