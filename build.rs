//! Compiles `proto/` with a compiler written in Rust, so that nobody has to install protoc.

use std::path::PathBuf;

use prost_build::Config;
use protox::prost::Message as _;

const SOURCES: [&str; 7] = [
    "bookora/webhooks/v1/error_reason.proto",
    "bookora/webhooks/v1/event.proto",
    "bookora/webhooks/v1/endpoint.proto",
    "bookora/webhooks/v1/delivery.proto",
    "bookora/webhooks/v1/event_ingest.proto",
    "bookora/webhooks/v1/endpoint_admin.proto",
    "bookora/webhooks/v1/delivery_query.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(SOURCES, ["proto"])?;

    // Served by reflection.
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out_dir.join("descriptors.bin"), descriptors.encode_to_vec())?;

    let mut config = Config::new();
    config.extern_path(".google.rpc", "::tonic_types::pb");
    // Sorted, so that one message has one encoding.
    config.btree_map(["."]);
    tonic_prost_build::configure().compile_fds_with_config(descriptors, config)?;
    Ok(())
}
