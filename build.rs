//! Compiles `proto/` with a compiler written in Rust, so that nobody has to install protoc.

use std::path::PathBuf;

use prost_build::Config;
use protox::prost::Message as _;
use protox::prost_reflect::prost_types::FileDescriptorSet;
use protox::prost_reflect::prost_types::field_descriptor_proto::Type;

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
    let mut descriptors = protox::compile(SOURCES, ["proto"])?;

    // Served by reflection.
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    std::fs::write(out_dir.join("descriptors.bin"), descriptors.encode_to_vec())?;

    leave_undecoded(&mut descriptors, "CustomEvent", "data");
    let mut config = Config::new();
    config.bytes([".bookora.webhooks.v1.CustomEvent.data"]);
    config.extern_path(".google.rpc", "::tonic_types::pb");
    // Sorted, so that one message has one encoding.
    config.btree_map(["."]);
    tonic_prost_build::configure().compile_fds_with_config(descriptors, config)?;
    Ok(())
}

/// Gives a field that holds a message the type `bytes`, which is encoded alike: prost refuses what
/// is nested deeper than 100 messages, which are 33 objects of JSON, and has no error for it that
/// names a field. The contract, as reflection serves it, keeps the message.
fn leave_undecoded(descriptors: &mut FileDescriptorSet, message: &str, field: &str) {
    let messages = descriptors.file.iter_mut().flat_map(|file| &mut file.message_type);
    let mut fields = messages.filter(|found| found.name() == message).flat_map(|it| &mut it.field);
    let field = fields.find(|found| found.name() == field).expect("the contract has the field");
    field.set_type(Type::Bytes);
    field.type_name = None;
    // Unset and empty stay two things.
    field.proto3_optional = Some(true);
}
