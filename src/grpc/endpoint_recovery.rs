//! Recovering an endpoint: what is asked, and how much that is.

use super::endpoint_admin::{Admin, named_request};
use super::failure::Failure;
use super::violations::Violations;
use crate::domain::clock::Timestamp;
use crate::domain::id::RecoveryId;
use crate::domain::recovery::{Recovery, RecoveryKinds};
use crate::proto::{RecoverEndpointRequest, RecoverEndpointResponse, RecoveryKind};

/// Kinds that a request may name; each once is enough.
const KINDS_MAX: usize = 10;

impl Admin {
    /// Begins a recovery, or only counts what it would bring back.
    pub(super) async fn recover(
        &self,
        request: &RecoverEndpointRequest,
    ) -> Result<RecoverEndpointResponse, Failure> {
        let mut violations = Violations::new();
        let content = RecoverEndpointRequest { request_id: String::new(), ..request.clone() };
        let named = named_request(&mut violations, &request.request_id, &content);
        let recovery = self.read_recovery(&mut violations, request);
        let recovery = violations.finish(recovery)?;
        let id = recovery.endpoint_id;

        let failed = |error| Failure::Recovery(id, error);
        let (delivery_count, recovery_id) = if request.validate_only {
            (self.store.count_recovery(&recovery).await.map_err(failed)?, String::new())
        } else {
            let begun = self.store.begin_recovery(&recovery, named).await.map_err(failed)?;
            (begun.delivery_count, begun.recovery_id.to_string())
        };
        Ok(RecoverEndpointResponse {
            delivery_count: i32::try_from(delivery_count).unwrap_or(i32::MAX),
            recovery_id,
        })
    }

    fn read_recovery(
        &self,
        violations: &mut Violations,
        request: &RecoverEndpointRequest,
    ) -> Option<Recovery> {
        let now = self.clock.now();
        let account_id = violations.account(&request.account_id);
        let endpoint_id = violations.parse("endpoint_id", &request.endpoint_id);
        let range = range(violations, request, now);
        let kinds = kinds(violations, &request.include);
        let (start_time, end_time) = range?;
        Some(Recovery {
            recovery_id: RecoveryId::new(now, &*self.random),
            account_id: account_id?,
            endpoint_id: endpoint_id?,
            start_time,
            end_time,
            kinds,
            create_time: now,
        })
    }
}

fn range(
    violations: &mut Violations,
    request: &RecoverEndpointRequest,
    now: Timestamp,
) -> Option<(Timestamp, Timestamp)> {
    let start = request.start_time.as_ref();
    if start.is_none() {
        violations.add("start_time", "must be set");
    }
    let start = start.and_then(|time| violations.service_time("start_time", time));
    let end = match &request.end_time {
        Some(time) => violations.service_time("end_time", time),
        None => Some(now),
    };
    let (start, end) = start.zip(end)?;
    if start >= now {
        violations.add("start_time", "must lie in the past");
    } else if end <= start {
        violations.add("end_time", "must be after start_time");
    }
    Some((start, end.min(now)))
}

fn kinds(violations: &mut Violations, numbers: &[i32]) -> RecoveryKinds {
    let mut kinds = RecoveryKinds::default();
    if numbers.is_empty() {
        violations.add("include", "must name at least one of FAILED, CANCELLED and MISSED");
    }
    if !violations.count("include", numbers.len(), KINDS_MAX) {
        return kinds;
    }
    for (index, number) in numbers.iter().enumerate() {
        match RecoveryKind::try_from(*number) {
            Ok(RecoveryKind::Failed) => kinds.failed = true,
            Ok(RecoveryKind::Cancelled) => kinds.cancelled = true,
            Ok(RecoveryKind::Missed) => kinds.missed = true,
            Ok(RecoveryKind::Unspecified) | Err(_) => {
                let allowed = "must be FAILED, CANCELLED or MISSED";
                violations.add(format_args!("include[{index}]"), allowed);
            }
        }
    }
    kinds
}
