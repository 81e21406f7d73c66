//! What is known of a method before its request is read, from the descriptors: whether it is one
//! answer or a stream, and whether it writes. A new RPC needs no word here.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use prost_types::method_options::IdempotencyLevel;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};

use crate::domain::endpoint::REQUEST_TIMEOUT_MAX;
use crate::proto::DESCRIPTORS;

/// How long a unary call may take. A database that does not answer is given up after 5 s, and a
/// caller that waits for longer is better off trying another replica.
pub const UNARY_TIMEOUT: Duration = Duration::from_secs(10);

/// Waits for a receiver, and so for as long as the slowest may take.
const TEST_ENDPOINT: &str = "/bookora.webhooks.v1.EndpointAdmin/TestEndpoint";
/// Asked by what would start the process anew: has to be answered under any load.
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";

/// What kind of call a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// One answer, for which one request is read.
    Unary {
        /// Whether it changes nothing, so that it can be broken off.
        reads: bool,
        /// How long it may take.
        timeout: Duration,
        /// Whether it counts among the requests under way.
        counted: bool,
    },
    /// Requests or answers are a stream.
    Stream,
}

/// Every method that is served, by its path.
#[derive(Debug)]
pub struct Methods(HashMap<String, Method>);

impl Methods {
    /// The methods of the three services, and of health and reflection.
    #[must_use]
    pub fn served() -> Self {
        let sets = [
            DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        Self(sets.into_iter().flat_map(read).collect())
    }

    /// Their paths.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The method at a path such as `/package.Service/Method`; `None` where there is none.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<Method> {
        self.0.get(path).copied()
    }
}

fn read(set: &[u8]) -> Vec<(String, Method)> {
    let set = FileDescriptorSet::decode(set).expect("the built-in descriptors are whole");
    let mut found = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                let kind = kind(&path, method);
                found.push((path, kind));
            }
        }
    }
    found
}

fn kind(path: &str, method: &MethodDescriptorProto) -> Method {
    if method.client_streaming() || method.server_streaming() {
        return Method::Stream;
    }
    let level = method.options.as_ref().map(prost_types::MethodOptions::idempotency_level);
    Method::Unary {
        reads: path == HEALTH_CHECK || level == Some(IdempotencyLevel::NoSideEffects),
        timeout: UNARY_TIMEOUT
            + if path == TEST_ENDPOINT { REQUEST_TIMEOUT_MAX } else { Duration::ZERO },
        counted: path != HEALTH_CHECK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_what_the_contract_says() {
        let methods = Methods::served();
        let unary =
            |reads| Some(Method::Unary { reads, timeout: Duration::from_secs(10), counted: true });
        let of = |name: &str| methods.find(&format!("/bookora.webhooks.v1.{name}"));
        assert_eq!(of("EventIngest/PublishEvent"), unary(false));
        assert_eq!(of("EndpointAdmin/ListEndpoints"), unary(true));
        assert_eq!(of("DeliveryQuery/GetDelivery"), unary(true));
        assert_eq!(of("DeliveryQuery/WatchDeliveries"), Some(Method::Stream));
        assert_eq!(of("DeliveryQuery/None"), None);
        let test = methods.find(TEST_ENDPOINT);
        assert!(matches!(test, Some(Method::Unary { timeout, .. }) if timeout.as_secs() == 40));
        let health = methods.find(HEALTH_CHECK);
        assert!(matches!(health, Some(Method::Unary { reads: true, counted: false, .. })));
        assert_eq!(methods.find("/grpc.health.v1.Health/Watch"), Some(Method::Stream));
        for version in ["v1", "v1alpha"] {
            let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
            assert_eq!(methods.find(&path), Some(Method::Stream), "{version}");
        }
    }
}
