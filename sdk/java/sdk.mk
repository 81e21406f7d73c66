# The Java SDK; included by the top Makefile.

SDK_JAVA := sdk/java
SDK_JAVA_TOOLS := .tools/sdk-java
SDK_JAVA_GENERATORS := $(SDK_JAVA_TOOLS)/generators/installed
SDK_JAVA_FORMATTER := $(SDK_JAVA_TOOLS)/formatter/installed
# A repository of its own: the package is installed into it as users get it.
SDK_JAVA_MAVEN := mvn --quiet --batch-mode --no-transfer-progress -Dstyle.color=never \
  -Dmaven.repo.local="$(CURDIR)/$(SDK_JAVA_TOOLS)/repository"

.PHONY: sdk-java generate-java sdk-java-java

sdk-java-java: java-tools
	@command -v javac >/dev/null 2>&1 && command -v mvn >/dev/null 2>&1 || { \
	  echo "Java 17 or Maven is missing: the Java SDK cannot be tested" >&2; exit 1; }

$(SDK_JAVA_GENERATORS): $(SDK_JAVA)/pom.xml | sdk-java-java
	@echo "Installing protoc and protoc-gen-grpc-java with Maven into $(SDK_JAVA_TOOLS)"
	@$(SDK_JAVA_MAVEN) --file $(SDK_JAVA) dependency:copy@generators
	@chmod +x $(@D)/*.exe && touch $@

$(SDK_JAVA_FORMATTER): $(SDK_JAVA)/pom.xml | sdk-java-java
	@echo "Installing google-java-format with Maven into $(SDK_JAVA_TOOLS)"
	@$(SDK_JAVA_MAVEN) --file $(SDK_JAVA) dependency:copy@formatter
	@touch $@

generate-java: $(BUF_INSTALLED) $(SDK_JAVA_GENERATORS)
	@mkdir -p $(SDK_JAVA)/src/main/resources/com/bookora/webhooks
	@cp proto/bookora/webhooks/v1/service_config.json \
	  $(SDK_JAVA)/src/main/resources/com/bookora/webhooks/service_config.json
	@$(BUF) generate --template $(SDK_JAVA)/buf.gen.yaml
