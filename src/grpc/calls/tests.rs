use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tonic::Code;
use tonic_types::StatusExt;
use tower::{ServiceExt, service_fn};

use super::*;

const PUBLISH: &str = "/bookora.webhooks.v1.EventIngest/PublishEvent";
const GET_EVENT: &str = "/bookora.webhooks.v1.DeliveryQuery/GetEvent";
const WATCH: &str = "/bookora.webhooks.v1.DeliveryQuery/WatchDeliveries";

/// A service that says when it has begun, and is done when it is let.
#[derive(Clone, Default)]
struct Work(Arc<State>);

#[derive(Default)]
struct State {
    begun: Notify,
    may_end: Notify,
    has_ended: AtomicBool,
    was_dropped: Notify,
}

struct Dropped(Arc<State>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.was_dropped.notify_one();
    }
}

impl Work {
    fn calls(
        &self,
    ) -> Calls<
        impl Service<
            Request<Body>,
            Response = Response<Body>,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + use<>,
    > {
        let state = Arc::clone(&self.0);
        Calls::new(service_fn(move |_| {
            let state = Arc::clone(&state);
            async move {
                let dropped = Dropped(Arc::clone(&state));
                state.begun.notify_one();
                state.may_end.notified().await;
                state.has_ended.store(true, Ordering::SeqCst);
                drop(dropped);
                Ok(Response::new(Body::empty()))
            }
        }))
    }
}

fn request(path: &str, timeout: Option<&str>) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    if let Some(timeout) = timeout {
        request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
    }
    request
}

fn refusal(response: &Response<Body>) -> (Code, String) {
    let status = Status::from_header_map(response.headers()).expect("it is refused");
    let reason = status.get_error_details().error_info().expect("a reason").reason.clone();
    (status.code(), reason)
}

#[tokio::test]
async fn a_write_goes_on_after_its_deadline_and_keeps_its_place_until_it_is_done() {
    let work = Work::default();
    let calls = work.calls();
    let response = calls.clone().oneshot(request(PUBLISH, Some("1m"))).await.unwrap();
    assert_eq!(refusal(&response), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()));
    assert_eq!(calls.limits.unary.available_permits(), CALLS_MAX - 1, "it is under way");
    assert!(!work.0.has_ended.load(Ordering::SeqCst));
    work.0.may_end.notify_one();
    work.0.was_dropped.notified().await;
    assert!(work.0.has_ended.load(Ordering::SeqCst), "it came to its end");
    while calls.limits.unary.available_permits() < CALLS_MAX {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_write_whose_caller_goes_away_comes_to_its_end() {
    let work = Work::default();
    let call = tokio::spawn(work.calls().oneshot(request(PUBLISH, None)));
    work.0.begun.notified().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    work.0.may_end.notify_one();
    work.0.was_dropped.notified().await;
    assert!(work.0.has_ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_read_is_broken_off_at_its_deadline_and_where_its_caller_goes_away() {
    let work = Work::default();
    let response = work.calls().oneshot(request(GET_EVENT, Some("1m"))).await.unwrap();
    assert_eq!(refusal(&response).0, Code::DeadlineExceeded);
    work.0.was_dropped.notified().await;
    work.0.begun.notified().await;
    let call = tokio::spawn(work.calls().oneshot(request(GET_EVENT, None)));
    work.0.begun.notified().await;
    call.abort();
    work.0.was_dropped.notified().await;
    assert!(!work.0.has_ended.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_call_that_panics_is_internal_with_an_id_that_is_in_the_log() {
    let calls = Calls::new(service_fn(|_: Request<Body>| async {
        assert!(tokio::runtime::Handle::try_current().is_err(), "a bug");
        Ok::<_, Infallible>(Response::new(Body::empty()))
    }));
    let response = calls.clone().oneshot(request(PUBLISH, None)).await.unwrap();
    let status = Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.code(), Code::Internal);
    let details = status.get_error_details();
    assert!(details.error_info().unwrap().metadata["incident_id"].starts_with("inc_"));
    assert!(!status.message().contains("a bug"), "what is inside stays inside");
    assert_eq!(calls.limits.unary.available_permits(), CALLS_MAX);
}

#[tokio::test]
async fn streams_have_no_deadline_of_ours_and_places_of_their_own() {
    let work = Work::default();
    let calls = work.calls();
    let call = tokio::spawn(calls.clone().oneshot(request(WATCH, Some("1m"))));
    work.0.begun.notified().await;
    assert_eq!(calls.limits.unary.available_permits(), CALLS_MAX);
    assert_eq!(calls.limits.streams.available_permits(), STREAMS_MAX - 1);
    work.0.may_end.notify_one();
    let response = call.await.unwrap().unwrap();
    assert!(!response.headers().contains_key("grpc-status"));
    drop(response);
    assert_eq!(calls.limits.streams.available_permits(), STREAMS_MAX);
}

#[tokio::test]
async fn a_deadline_that_cannot_be_read_is_refused() {
    let response = Work::default().calls().oneshot(request(PUBLISH, Some("soon"))).await.unwrap();
    assert_eq!(refusal(&response), (Code::InvalidArgument, "MALFORMED_REQUEST".to_owned()));
}
