//! Figures of deliveries: which are asked for, and the answer.

use std::time::Duration;

use super::delivery_message::{self, duration};
use super::failure::Failure;
use super::violations::Violations;
use crate::domain::clock::Timestamp;
use crate::domain::delivery_stats::Hour;
use crate::proto::{GetDeliveryStatsRequest, GetDeliveryStatsResponse};
use crate::store::Store;
use crate::store::stats::{CountedStats, StatsRange};

/// The range where no beginning is given.
const RANGE_DEFAULT: Duration = Duration::from_hours(24);
/// How much earlier than figures are kept a range may begin: who asks for all of them reckons from a
/// clock of his own, and his request takes its time.
const START_TOLERANCE: Duration = Duration::from_mins(1);

/// Reads which are asked for; figures are kept for the time of `retention`.
///
/// # Errors
/// [`Failure::InvalidFields`].
pub fn read(
    request: &GetDeliveryStatsRequest,
    now: Timestamp,
    retention: Duration,
) -> Result<StatsRange, Failure> {
    let mut violations = Violations::new();
    let scope = violations.account_scope(&request.account_id);
    let endpoint_id = match request.endpoint_id.as_str() {
        "" => None,
        id => violations.parse("endpoint_id", id),
    };
    let (start, end) =
        violations.time_range(request.start_time.as_ref(), request.end_time.as_ref());
    let before = end.unwrap_or(now);
    let from = start.unwrap_or(before - RANGE_DEFAULT.min(retention));
    let oldest = Hour::of(now - retention - START_TOLERANCE);
    let kept = humantime::format_duration(retention);
    if start.is_some_and(|start| Hour::of(start) < oldest) {
        let problem = format_args!("must not be more than {kept} ago: older ones are not counted");
        violations.add("start_time", problem);
    } else if start.is_some_and(|start| start >= now) {
        violations.add("start_time", "must be in the past");
    }
    if end.is_some() && start == end {
        violations.add("end_time", "must be after start_time");
    } else if end.is_some_and(|end| Hour::from(end) <= oldest) {
        let problem = format_args!("must not be more than {kept} ago: older ones are not counted");
        violations.add("end_time", problem);
    }
    let scope = violations.finish(scope)?;
    let from = Hour::of(from).max(oldest);
    // Nothing was made after this hour, but by a clock that was set back since.
    let before = Hour::from(before).min(Hour::after(now));
    Ok(StatsRange { scope, endpoint_id, from, before })
}

/// Reads the figures.
///
/// # Errors
/// The store's.
pub async fn answer(store: &Store, range: StatsRange) -> Result<GetDeliveryStatsResponse, Failure> {
    let CountedStats { stats, as_of } = store.delivery_stats(&range).await?;
    let oldest_open = store.oldest_open(&range.scope, range.endpoint_id).await?;
    let percentile = |percent| stats.attempts.percentile(percent).map(duration);
    Ok(GetDeliveryStatsResponse {
        start_time: Some(range.from.start().into()),
        end_time: Some(range.before.start().into()),
        as_of_time: Some(as_of.into()),
        pending_count: stats.pending,
        retrying_count: stats.retrying,
        succeeded_count: stats.succeeded,
        failed_count: stats.failed,
        cancelled_count: stats.cancelled,
        attempt_count: i64::try_from(stats.attempts.count()).unwrap_or(i64::MAX),
        latency_p50: percentile(50),
        latency_p99: percentile(99),
        oldest_open_delivery: oldest_open.as_ref().map(delivery_message::shown),
    })
}
