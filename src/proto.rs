//! The generated code of the contract in `proto/`, and nothing else.

#![expect(
    clippy::pedantic,
    clippy::large_enum_variant,
    reason = "generated; the contract's comments are in proto/"
)]

tonic::include_proto!("bookora.webhooks.v1");

/// The contract's files as a serialized `google.protobuf.FileDescriptorSet`, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
