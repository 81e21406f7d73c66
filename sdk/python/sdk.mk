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

SDK_PYTHON_BIN := $(CURDIR)/$(SDK_PYTHON_TOOLS)/venv/bin
SDK_PYTHON_RUFF := "$(SDK_PYTHON_BIN)/ruff"
SDK_PYTHON_CODE := . ../../examples/python
sdk-python: build sdk-certificates $(SDK_PYTHON_INSTALLED) ## Check and test the Python SDK, its package and its example
	@cd $(SDK_PYTHON) && $(SDK_PYTHON_RUFF) format --quiet --no-cache --config pyproject.toml --diff $(SDK_PYTHON_CODE)
	@cd $(SDK_PYTHON) && $(SDK_PYTHON_RUFF) check --quiet --no-cache --config pyproject.toml $(SDK_PYTHON_CODE)
	@cd $(SDK_PYTHON) && "$(SDK_PYTHON_BIN)/mypy" --no-error-summary \
	  --cache-dir="$(CURDIR)/$(SDK_PYTHON_TOOLS)/mypy" src generator tests ../../examples/python/receiver.py
	@result="$(CURDIR)/$(SDK_PYTHON_TOOLS)/result"; cd $(SDK_PYTHON) \
	  && PYTHONDONTWRITEBYTECODE=1 "$(SDK_PYTHON_BIN)/pytest" --quiet -p no:cacheprovider >"$$result" 2>&1 \
	  || { cat "$$result" >&2; exit 1; }; \
	summary=$$(tail -n 1 "$$result"); \
	case "$$summary" in \
	  *" passed in "*) ;; \
	  *) cat "$$result" >&2; exit 1 ;; \
	esac; \
	case "$$summary" in \
	  *,*) cat "$$result" >&2; echo "sdk-python: not every test was run" >&2; exit 1 ;; \
	esac; \
	echo "sdk-python: $${summary%% *} tests passed"
