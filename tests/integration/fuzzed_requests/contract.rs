//! The contract as the program carries it: every method with its messages.

use bookora_webhooks::proto::DESCRIPTORS;
use prost_reflect::{DescriptorPool, MessageDescriptor};

/// A method of the contract.
#[derive(Clone, Debug)]
pub struct Method {
    /// Such as `PublishEvent`.
    pub name: String,
    /// Such as `/bookora.webhooks.v1.EventIngest/PublishEvent`.
    pub path: String,
    /// The request.
    pub input: MessageDescriptor,
    /// The response.
    pub output: MessageDescriptor,
    /// Whether a call takes several requests.
    pub takes_stream: bool,
    /// Whether it is answered with several responses.
    pub answers_stream: bool,
}

/// Every method, in the order of the files.
pub fn methods() -> Vec<Method> {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("the program's descriptors are whole");
    let methods: Vec<_> = pool
        .services()
        .flat_map(|service| {
            let own = service.methods().map(|method| Method {
                name: method.name().to_owned(),
                path: format!("/{}/{}", service.full_name(), method.name()),
                input: method.input(),
                output: method.output(),
                takes_stream: method.is_client_streaming(),
                answers_stream: method.is_server_streaming(),
            });
            own.collect::<Vec<_>>()
        })
        .collect();
    assert!(methods.len() >= 22, "the contract has its methods: {methods:?}");
    methods
}
