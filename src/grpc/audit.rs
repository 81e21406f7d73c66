//! The audit log: who did what with endpoints, and who was not let in. Its lines have a target of
//! their own, `audit`, and nothing in them that a caller could write as it likes: an id that is none
//! is left out. Secrets, URLs and header values are never in them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tonic::{Code, Response, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use super::caller::Caller;
use super::failure::Refusal;
use super::guard::Rpc;
use crate::domain::account::AccountId;
use crate::domain::clock::Clock;
use crate::domain::id::{DeliveryId, EndpointId};
use crate::proto::{
    CancelDeliveryRequest, CancelDeliveryResponse, CreateEndpointRequest, CreateEndpointResponse,
    DeleteEndpointRequest, DeleteEndpointResponse, DisableEndpointRequest, DisableEndpointResponse,
    EnableEndpointRequest, EnableEndpointResponse, Endpoint, GetEndpointSecretRequest,
    GetEndpointSecretResponse, RecoverEndpointRequest, RecoverEndpointResponse,
    ResendDeliveryRequest, ResendDeliveryResponse, RevokeEndpointSecretRequest,
    RevokeEndpointSecretResponse, RotateEndpointSecretRequest, RotateEndpointSecretResponse,
    TestEndpointRequest, TestEndpointResponse, UpdateEndpointRequest, UpdateEndpointResponse,
};

/// Callers that were not let in, as lines in a minute: a scanner writes 20 MB a day at most.
const REFUSALS_PER_MINUTE_MAX: u32 = 60;
const MINUTE: Duration = Duration::from_mins(1);

/// What a call is about.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    account: Option<AccountId>,
    endpoint: Option<EndpointId>,
    delivery: Option<DeliveryId>,
    request_id: Option<Uuid>,
}

impl Subject {
    fn of_endpoint(account_id: &str, endpoint_id: &str) -> Self {
        let (account, endpoint) = (account_id.parse().ok(), endpoint_id.parse().ok());
        Self { account, endpoint, ..Self::default() }
    }

    fn of_delivery(account_id: &str, delivery_id: &str) -> Self {
        let (account, delivery) = (account_id.parse().ok(), delivery_id.parse().ok());
        Self { account, delivery, ..Self::default() }
    }

    fn named(self, request_id: &str) -> Self {
        Self { request_id: Uuid::try_parse(request_id).ok(), ..self }
    }
}

/// A request that is audited.
pub trait Audited {
    /// What it is about.
    fn subject(&self) -> Subject;
}

macro_rules! about_an_endpoint {
    ($($request:ident $(named by $request_id:ident)?,)+) => {
        $(impl Audited for $request {
            fn subject(&self) -> Subject {
                Subject::of_endpoint(&self.account_id, &self.endpoint_id)
                    $(.named(&self.$request_id))?
            }
        })+
    };
}

about_an_endpoint! {
    DeleteEndpointRequest,
    DisableEndpointRequest,
    EnableEndpointRequest,
    GetEndpointSecretRequest,
    RecoverEndpointRequest named by request_id,
    RevokeEndpointSecretRequest,
    RotateEndpointSecretRequest named by request_id,
    TestEndpointRequest,
}

impl Audited for CreateEndpointRequest {
    fn subject(&self) -> Subject {
        let account = self.endpoint.as_ref().and_then(|endpoint| endpoint.account_id.parse().ok());
        Subject { account, ..Subject::default() }.named(&self.request_id)
    }
}

impl Audited for UpdateEndpointRequest {
    fn subject(&self) -> Subject {
        let of =
            |endpoint: &Endpoint| Subject::of_endpoint(&endpoint.account_id, &endpoint.endpoint_id);
        self.endpoint.as_ref().map(of).unwrap_or_default()
    }
}

impl Audited for ResendDeliveryRequest {
    fn subject(&self) -> Subject {
        Subject::of_delivery(&self.account_id, &self.delivery_id).named(&self.request_id)
    }
}

impl Audited for CancelDeliveryRequest {
    fn subject(&self) -> Subject {
        Subject::of_delivery(&self.account_id, &self.delivery_id)
    }
}

/// The answer to an audited request.
pub trait Answered {
    /// The id of the endpoint that it is about, where only the answer tells.
    fn endpoint_id(&self) -> Option<&str> {
        None
    }
}

impl Answered for CreateEndpointResponse {
    fn endpoint_id(&self) -> Option<&str> {
        self.endpoint.as_ref().map(|endpoint| endpoint.endpoint_id.as_str())
    }
}

macro_rules! adds_nothing {
    ($($response:ident,)+) => { $(impl Answered for $response {})+ };
}

adds_nothing! {
    CancelDeliveryResponse,
    DeleteEndpointResponse,
    DisableEndpointResponse,
    EnableEndpointResponse,
    GetEndpointSecretResponse,
    RecoverEndpointResponse,
    ResendDeliveryResponse,
    RevokeEndpointSecretResponse,
    RotateEndpointSecretResponse,
    TestEndpointResponse,
    UpdateEndpointResponse,
}

/// One call, whose line is written when it ends, however it does.
pub struct Entry {
    caller: Caller,
    rpc: &'static str,
    subject: Subject,
    /// Code and reason. Until there are others: the caller went away, and what was begun may have
    /// been done.
    outcome: (Code, String),
}

impl Entry {
    /// A call that begins.
    #[must_use]
    pub fn new(caller: Caller, rpc: &'static str, subject: Subject) -> Self {
        Self { caller, rpc, subject, outcome: (Code::Cancelled, String::new()) }
    }

    /// The call has ended.
    pub fn finish<A: Answered>(mut self, answer: &Result<Response<A>, Status>) {
        self.outcome = match answer {
            Ok(answer) => {
                let answered = answer.get_ref().endpoint_id().and_then(|id| id.parse().ok());
                self.subject.endpoint = self.subject.endpoint.or(answered);
                (Code::Ok, String::new())
            }
            Err(status) => (status.code(), reason(status)),
        };
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (code, reason) = &self.outcome;
        tracing::info!(
            target: "audit",
            caller = self.caller.name(),
            kind = self.caller.kind().name(),
            peer = self.caller.peer().map(display),
            rpc = self.rpc,
            account = self.subject.account.as_ref().map(display),
            endpoint = self.subject.endpoint.map(display),
            delivery = self.subject.delivery.map(display),
            request_id = self.subject.request_id.map(display),
            code = code_name(*code),
            reason = Some(reason.as_str()).filter(|reason| !reason.is_empty()),
            "EndpointAdmin was called"
        );
    }
}

/// A caller without the service's role called: what for was not read.
pub fn refused_at_the_gate(caller: &Caller, rpc: &'static Rpc, refusal: Refusal) {
    if rpc.is_audited {
        let mut entry = Entry::new(caller.clone(), rpc.name, Subject::default());
        let status = Status::from(refusal);
        entry.outcome = (status.code(), reason(&status));
    }
}

/// Callers that were not let in, so many lines in a minute.
pub struct RefusalLog {
    clock: Arc<dyn Clock>,
    minute: Mutex<Minute>,
}

struct Minute {
    began: Duration,
    lines: u32,
    left_out: u64,
}

impl RefusalLog {
    /// An empty one.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let began = clock.monotonic();
        Self { clock, minute: Mutex::new(Minute { began, lines: 0, left_out: 0 }) }
    }

    /// Writes a line, unless there were too many. `rpc` is empty for one that there is not.
    pub fn add(&self, refusal: Refusal, rpc: &'static str, peer: Option<SocketAddr>) {
        let Some(left_out) = self.place() else { return };
        let status = Status::from(refusal);
        tracing::warn!(
            target: "audit",
            peer = peer.map(display),
            rpc = Some(rpc).filter(|rpc| !rpc.is_empty()),
            code = code_name(status.code()),
            reason = reason(&status),
            left_out = Some(left_out).filter(|left_out| *left_out > 0),
            "a caller was not let in"
        );
    }

    /// Takes a line's place, if there is one: how many were left out since the line before.
    fn place(&self) -> Option<u64> {
        let now = self.clock.monotonic();
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(minute.began) >= MINUTE {
            minute.began = now;
            minute.lines = 0;
        }
        if minute.lines == REFUSALS_PER_MINUTE_MAX {
            minute.left_out += 1;
            return None;
        }
        minute.lines += 1;
        Some(std::mem::take(&mut minute.left_out))
    }
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// A code as the specification of gRPC writes it: `PERMISSION_DENIED`.
fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access::Grant;
    use crate::domain::clock::Timestamp;
    use crate::grpc::caller::Principal;

    struct SetClock(Mutex<Duration>);

    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn in_json_a_line_has_its_target_and_a_field_for_each_thing_it_says() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber =
            tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let peer = "192.0.2.1:7".parse().ok();
        let operator = Principal { name: "operator".to_owned(), grant: Grant::everything() };
        let request = DeleteEndpointRequest {
            account_id: "acct_1".to_owned(),
            endpoint_id: format!("ep_{}", "0".repeat(26)),
            ..DeleteEndpointRequest::default()
        };
        tracing::subscriber::with_default(subscriber, || {
            let caller = Caller::anonymous(Arc::new(operator), peer);
            let entry = Entry::new(caller, "DeleteEndpoint", request.subject());
            entry.finish::<DeleteEndpointResponse>(&Err(Refusal::PermissionDenied.into()));
        });
        let line: serde_json::Value =
            serde_json::from_slice(&kept.0.lock().unwrap()).expect("one line of JSON");
        assert_eq!((&line["target"], &line["level"]), (&"audit".into(), &"INFO".into()));
        assert_eq!(
            line["fields"],
            serde_json::json!({
                "message": "EndpointAdmin was called",
                "caller": "operator",
                "kind": "anonymous",
                "peer": "192.0.2.1:7",
                "rpc": "DeleteEndpoint",
                "account": "acct_1",
                "endpoint": request.endpoint_id,
                "code": "PERMISSION_DENIED",
                "reason": "PERMISSION_DENIED",
            })
        );
    }

    #[test]
    fn a_scanner_gets_so_many_lines_a_minute_and_the_rest_is_counted() {
        let clock = Arc::new(SetClock(Mutex::new(Duration::from_secs(7))));
        let log = RefusalLog::new(Arc::<SetClock>::clone(&clock));
        for _ in 0..REFUSALS_PER_MINUTE_MAX {
            assert_eq!(log.place(), Some(0));
        }
        for _ in 0..1_000 {
            assert_eq!(log.place(), None);
        }
        *clock.0.lock().unwrap() += Duration::from_millis(59_999);
        assert_eq!(log.place(), None);
        *clock.0.lock().unwrap() += Duration::from_millis(1);
        assert_eq!(log.place(), Some(1_001));
        assert_eq!(log.place(), Some(0));
    }

    #[test]
    fn a_code_is_written_as_its_specification_writes_it() {
        assert_eq!(code_name(Code::Ok), "OK");
        assert_eq!(code_name(Code::PermissionDenied), "PERMISSION_DENIED");
        assert_eq!(code_name(Code::Unauthenticated), "UNAUTHENTICATED");
    }

    #[test]
    fn what_is_no_id_is_left_out() {
        let request = DeleteEndpointRequest {
            account_id: "a b\n".to_owned(),
            endpoint_id: "ep_\u{1b}[31m".to_owned(),
            ..DeleteEndpointRequest::default()
        };
        let subject = request.subject();
        assert!(subject.account.is_none() && subject.endpoint.is_none());
        let named = subject.named("no uuid");
        assert!(named.request_id.is_none());
    }
}
