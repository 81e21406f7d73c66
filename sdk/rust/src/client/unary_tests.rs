//! Retries and deadlines, over a connection that answers as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::policy::{Policy, TEST_TIMEOUT_DEFAULT, TIMEOUT_DEFAULT};
use super::*;

const PATH: &str = "/bookora.webhooks.v1.EventIngest/PublishEvent";
const LONG: Duration = Duration::from_mins(1);

/// What comes of an attempt.
enum Answer {
    /// These headers, and nothing behind them.
    Head(Vec<(&'static str, &'static str)>),
    Cut,
}

/// What to answer, and what was asked.
#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Self::default();
        script.answers.lock().unwrap().extend(answers);
        script
    }

    /// Calls over it, and gives the status and how often it was asked.
    async fn call(&self, timeout: Duration, is_retried: bool) -> (Code, usize) {
        let connection = tower::service_fn(|request: Request<Body>| {
            let script = self.clone();
            async move { script.answer(request).await }
        });
        let body = Body::new(Full::new(Bytes::from_static(b"the request")));
        let request = Request::post(PATH).body(body).unwrap();
        let unary = Unary::new(connection, request, timeout, is_retried).await.unwrap();
        let code = match unary.call().await {
            Ok(response) => Code::from_bytes(response.headers()[Status::GRPC_STATUS].as_bytes()),
            Err(status) => status.code(),
        };
        (code, self.asked.lock().unwrap().len())
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        self.asked.lock().unwrap().push((head.headers, body));
        let next = self.answers.lock().unwrap().pop_front();
        let Some(answer) = next else {
            std::future::pending::<Infallible>().await;
            unreachable!()
        };
        let mut response = Response::new(Body::empty());
        let Answer::Head(headers) = answer else { return Err("the connection was cut".into()) };
        for (name, value) in headers {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        Ok(response)
    }
}

fn ok() -> Answer {
    Answer::Head(vec![("grpc-status", "0")])
}

fn refused(pushback: &'static str) -> Answer {
    Answer::Head(vec![("grpc-status", "14"), (PUSHBACK_HEADER, pushback)])
}

#[tokio::test]
async fn unavailable_and_a_cut_connection_are_tried_again_with_the_same_bytes() {
    let script = Script::new([refused("1"), Answer::Cut, refused("0"), ok()]);
    assert_eq!(script.call(LONG, true).await, (Code::Ok, 4));
    for (headers, body) in &*script.asked.lock().unwrap() {
        assert_eq!(body.as_ref(), b"the request");
        let left = read_timeout(&headers[TIMEOUT_HEADER]).unwrap();
        assert!(left <= LONG && left > LONG / 2, "{left:?}");
    }
}

#[tokio::test]
async fn after_the_last_attempt_the_answer_is_given() {
    let script = Script::new((0..5).map(|_| refused("0")));
    assert_eq!(script.call(LONG, true).await, (Code::Unavailable, 4));
}

#[tokio::test]
async fn what_may_not_help_or_was_not_asked_for_is_not_tried_again() {
    let internal = Answer::Head(vec![("grpc-status", "13"), (PUSHBACK_HEADER, "0")]);
    assert_eq!(Script::new([internal, ok()]).call(LONG, true).await, (Code::Internal, 1));
    let never = Script::new([refused("-1"), ok()]);
    assert_eq!(never.call(LONG, true).await, (Code::Unavailable, 1));
    let test = Script::new([refused("0"), ok()]);
    assert_eq!(test.call(LONG, false).await, (Code::Unavailable, 1));
}

#[tokio::test]
async fn a_wait_past_the_deadline_is_not_begun() {
    let script = Script::new([refused("60000"), ok()]);
    assert_eq!(script.call(Duration::from_secs(30), true).await, (Code::Unavailable, 1));
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends_at_the_deadline() {
    let script = Script::new([]);
    let (code, asked) = script.call(Duration::from_millis(20), true).await;
    assert_eq!((code, asked), (Code::DeadlineExceeded, 1));
}

#[test]
fn timeouts_are_written_and_read_as_grpc_has_them() {
    for (text, timeout) in [
        ("0m", Duration::ZERO),
        ("1500m", Duration::from_millis(1_500)),
        ("99999999m", Duration::from_millis(99_999_999)),
        ("100000S", Duration::from_secs(100_000)),
    ] {
        assert_eq!(write_timeout(timeout), text);
        assert_eq!(read_timeout(&HeaderValue::from_static(text)), Some(timeout));
    }
    let read = |text| read_timeout(&HeaderValue::from_static(text));
    assert_eq!(read("2H"), Some(Duration::from_hours(2)));
    assert_eq!(read("5000000n"), Some(Duration::from_millis(5)));
    for wrong in ["", "m", "1", "-1m", "1d", "99999999999999999999H"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

/// A duration as proto JSON has it, `0.5s`.
fn seconds(value: &serde_json::Value) -> Duration {
    let text = value.as_str().and_then(|text| text.strip_suffix('s')).expect("seconds");
    Duration::from_secs_f64(text.parse().expect("a number"))
}

#[test]
fn the_figures_are_those_of_the_contracts_service_config() {
    let path = "../../proto/bookora/webhooks/v1/service_config.json";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    let config: serde_json::Value = serde_json::from_str(&text.expect("in the checkout")).unwrap();
    let [unary, watch, test] = config["methodConfig"].as_array().unwrap().as_slice() else {
        panic!("{config}");
    };
    let retries = &unary["retryPolicy"];
    assert_eq!(seconds(&unary["timeout"]), TIMEOUT_DEFAULT);
    assert_eq!(retries["maxAttempts"], ATTEMPTS_MAX);
    assert_eq!(seconds(&retries["initialBackoff"]), WAIT_FIRST);
    assert_eq!(seconds(&retries["maxBackoff"]), WAIT_MAX);
    assert_eq!(retries["backoffMultiplier"], 2);
    assert_eq!(retries["retryableStatusCodes"], serde_json::json!(["UNAVAILABLE"]));
    assert_eq!(watch["timeout"], serde_json::Value::Null);
    assert_eq!(seconds(&test["timeout"]), TEST_TIMEOUT_DEFAULT);
    assert_eq!(test["retryPolicy"], serde_json::Value::Null);

    let policy = |path: &str| Policy::of(&format!("/bookora.webhooks.v1.{path}"), None);
    let of_unary = Policy::Unary { timeout: TIMEOUT_DEFAULT, is_retried: true };
    let of_test = Policy::Unary { timeout: TEST_TIMEOUT_DEFAULT, is_retried: false };
    assert_eq!(policy("EventIngest/PublishEvent"), of_unary);
    assert_eq!(policy("DeliveryQuery/GetEvent"), of_unary);
    assert_eq!(policy("EndpointAdmin/TestEndpoint"), of_test);
    assert_eq!(policy("DeliveryQuery/WatchDeliveries"), Policy::Stream);
    assert_eq!(policy("EventIngest/StreamPublishEvents"), Policy::Stream);
}
