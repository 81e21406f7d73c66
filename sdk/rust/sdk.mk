# The Rust SDK: the service's workspace tests it; what it does not need is built beside that.

.PHONY: sdk-rust generate-rust

# The packaged crate, its users, its generator: each as it is outside of the workspace.
RUST_SDK_APART := CARGO_TARGET_DIR="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/sdk-rust" CARGO_PROFILE_DEV_DEBUG=false

# `fmt`, `lint` and `doc` see to the SDK too. Selected with the service (`--workspace`) its tests
# are built of what the service's are.
sdk-rust: fmt lint doc build sdk-certificates ## Test the Rust SDK, its package and its example
	@for manifest in examples/rust sdk/rust/generator; do \
	  $(CARGO) fmt --check --manifest-path $$manifest/Cargo.toml \
	    && $(RUST_SDK_APART) $(CARGO) clippy --quiet --locked --all-targets \
	      --manifest-path $$manifest/Cargo.toml -- -D warnings || exit 1; \
	done
	@$(RUST_SDK_APART) $(CARGO) build --quiet --locked --package bookora-webhooks-sdk \
	  --no-default-features --features client
	@CARGO="$(CARGO)" sh sdk/rust/test.sh

generate-rust: rust-tools $(BUF_INSTALLED)
	@$(RUST_SDK_APART) $(BUF) generate --template sdk/rust/buf.gen.yaml
