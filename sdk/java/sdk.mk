# The Java SDK; included by the top Makefile.

SDK_JAVA := sdk/java
SDK_JAVA_TOOLS := .tools/sdk-java
SDK_JAVA_GENERATORS := $(SDK_JAVA_TOOLS)/generators/installed
SDK_JAVA_FORMATTER := $(SDK_JAVA_TOOLS)/formatter/installed
# For programs that run for seconds.
SDK_JAVA_QUICK_START := -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
# A repository of its own: the package is installed into it as users get it.
SDK_JAVA_MAVEN := MAVEN_OPTS="$(SDK_JAVA_QUICK_START) $$MAVEN_OPTS" \
  mvn --quiet --batch-mode --no-transfer-progress -Dstyle.color=never \
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

# The exports are what google-java-format says that it needs.
SDK_JAVA_EXPORTS := $(foreach part,api code file parser tree util,\
  --add-exports=jdk.compiler/com.sun.tools.javac.$(part)=ALL-UNNAMED)

# The package is installed as users get it, into the repository that the example and the README's lines
# are built from. The tests come last: some of them run these.
sdk-java: build sdk-certificates $(SDK_JAVA_FORMATTER)
	@unformatted=$$(find $(SDK_JAVA)/src/main $(SDK_JAVA)/src/test examples/java/src -name '*.java' \
	  | xargs java $(SDK_JAVA_QUICK_START) $(SDK_JAVA_EXPORTS) \
	    -jar $(SDK_JAVA_TOOLS)/formatter/google-java-format.jar --dry-run) \
	  && [ -z "$$unformatted" ] || { echo "google-java-format would change: $$unformatted" >&2; exit 1; }
	@$(SDK_JAVA_MAVEN) --file $(SDK_JAVA) install -DskipTests
	@$(SDK_JAVA_MAVEN) --file examples/java package
	@rm -rf $(SDK_JAVA)/target/surefire-reports
	@output="$(CURDIR)/$(SDK_JAVA_TOOLS)/result"; \
	$(SDK_JAVA_MAVEN) --file $(SDK_JAVA) surefire:test >"$$output" 2>&1 || { cat "$$output" >&2; exit 1; }
	@cat $(SDK_JAVA)/target/surefire-reports/*.txt | awk -F '[:,]' \
	  '/^Tests run:/ { run += $$2; skipped += $$8 } \
	  END { if (skipped > 0 || run == 0) { print "sdk-java: " skipped " of " run " tests were skipped"; exit 1 } \
	    print "sdk-java: " run " tests passed" }'
