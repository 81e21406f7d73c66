//! Spans: one for each call, for the commit of what it publishes, and for each attempt to deliver
//! that, in one trace. Where nothing exports them there are none, and they cost nothing.
//!
//! An event is stored with the `traceparent` of its commit, so that attempts join the trace whichever
//! process makes them, and whenever. The id of an attempt's span is made of the delivery's id and the
//! attempt's number: any process can link an attempt to the one before it.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use futures_util::future::Either;
use opentelemetry::context::FutureExt;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider, SpanExporter,
};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::calls::{code_name, method_of};
use super::requests::known_status;

/// Codes that are the server's fault (semantic conventions for gRPC): `UNKNOWN`,
/// `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS`.
const FAULTS: [i32; 6] = [2, 4, 12, 13, 14, 15];

thread_local! {
    /// The id of the span that is about to be made on this thread.
    static NEXT_SPAN: Cell<Option<SpanId>> = const { Cell::new(None) };
}

/// Exports spans, samples them as `OTEL_TRACES_SAMPLER` says, by default as the caller did.
pub fn provider(exporter: impl SpanExporter + 'static, resource: Resource) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_resource(resource)
        .with_id_generator(Ids::default())
        .with_batch_exporter(exporter)
        .build()
}

/// Random, unless the next one is given.
#[derive(Debug, Default)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        self.0.new_trace_id()
    }

    fn new_span_id(&self) -> SpanId {
        NEXT_SPAN.take().unwrap_or_else(|| self.0.new_span_id())
    }
}

/// Makes spans, where somebody wants them. Cheap to clone; the default one makes none.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<SdkTracer>>);

/// One attempt of a delivery, or a test's.
#[derive(Clone, Copy)]
pub struct AttemptOf<'a> {
    /// The event's `traceparent`.
    pub parent: &'a str,
    /// The delivery's id as a number.
    pub delivery: u128,
    /// The delivery's id as it is shown.
    pub delivery_id: &'a dyn fmt::Display,
    /// The attempt's number, from 1.
    pub number: u32,
    /// The receiver's host, without path and query.
    pub host: &'a str,
    /// The receiver's port.
    pub port: u16,
}

impl Traces {
    /// Spans go to this provider; without one there are none.
    #[must_use]
    pub fn new(provider: Option<&SdkTracerProvider>) -> Self {
        Self(provider.map(|provider| Arc::new(provider.tracer(super::SCOPE))))
    }

    /// The span of a call of the method at this path, in its caller's trace if it sent a
    /// `traceparent`. `None`: it is not sampled, or nobody wants spans.
    #[must_use]
    pub fn call(&self, path: &str, parent: Option<&str>) -> Option<CallSpan> {
        let tracer = self.0.as_deref()?;
        let method = method_of(path).to_owned();
        let builder =
            SpanBuilder::from_name(method.clone()).with_kind(SpanKind::Server).with_attributes([
                KeyValue::new("rpc.system.name", "grpc"),
                KeyValue::new("rpc.method", method),
            ]);
        start(tracer, builder, parent.and_then(remote)).map(CallSpan)
    }

    /// The span of the commit of what is published, in the trace of this `traceparent`: from the
    /// check of the request until the events are on disk.
    #[must_use]
    pub fn commit(&self, parent: &str) -> Option<CommitSpan> {
        let tracer = self.0.as_deref()?;
        let builder = SpanBuilder::from_name("commit events").with_kind(SpanKind::Internal);
        start(tracer, builder, remote(parent)).map(CommitSpan)
    }

    /// The span of an attempt.
    #[must_use]
    pub fn attempt(&self, attempt: AttemptOf<'_>) -> Option<AttemptSpan> {
        let tracer = self.0.as_deref()?;
        let parent = remote(attempt.parent)?;
        let mut attributes = vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("server.address", attempt.host.to_owned()),
            KeyValue::new("server.port", i64::from(attempt.port)),
            KeyValue::new("bookora.delivery.id", attempt.delivery_id.to_string()),
        ];
        let mut builder = SpanBuilder::from_name("POST").with_kind(SpanKind::Client);
        if attempt.number > 1 {
            let repeats = i64::from(attempt.number - 1);
            attributes.push(KeyValue::new("http.request.resend_count", repeats));
            let before = span_id(attempt.delivery, attempt.number - 1);
            let flags = parent.trace_flags();
            let before = SpanContext::new(parent.trace_id(), before, flags, true, TraceState::NONE);
            builder = builder.with_links(vec![Link::with_context(before)]);
        }
        NEXT_SPAN.set(Some(span_id(attempt.delivery, attempt.number)));
        let span = start(tracer, builder.with_attributes(attributes), Some(parent));
        NEXT_SPAN.set(None);
        span.map(AttemptSpan)
    }
}

/// Starts a span; `None` where it is not recorded.
fn start(tracer: &SdkTracer, builder: SpanBuilder, parent: Option<SpanContext>) -> Option<Context> {
    let parent = match parent {
        Some(parent) => Context::new().with_remote_span_context(parent),
        None => Context::new(),
    };
    let span = tracer.build_with_context(builder, &parent);
    let context = parent.with_span(span);
    context.span().is_recording().then_some(context)
}

/// The id of an attempt's span.
fn span_id(delivery: u128, number: u32) -> SpanId {
    let mut digest = Sha256::new();
    digest.update(delivery.to_be_bytes());
    digest.update(number.to_be_bytes());
    let digest = digest.finalize();
    let bytes: [u8; 8] = std::array::from_fn(|place| digest[place]);
    // No id is of zeros only.
    SpanId::from(u64::from_be_bytes(bytes) | 1)
}

/// Reads a `traceparent` of version 00 (W3C Trace Context, section 3.2), which was checked before.
fn remote(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-').skip(1);
    let trace_id = TraceId::from_hex(parts.next()?).ok()?;
    let span_id = SpanId::from_hex(parts.next()?).ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    let context =
        SpanContext::new(trace_id, span_id, TraceFlags::new(flags), true, TraceState::NONE);
    context.is_valid().then_some(context)
}

fn traceparent(context: &Context) -> String {
    let span = context.span();
    let own = span.span_context();
    format!("00-{}-{}-{:02x}", own.trace_id(), own.span_id(), own.trace_flags().to_u8())
}

/// Runs work in a span: what it logs has the trace's id, on standard error too.
fn within<F: Future>(context: Context, work: F) -> impl Future<Output = F::Output> + use<F> {
    let trace_id = context.span().span_context().trace_id();
    work.instrument(tracing::info_span!(parent: None, "trace", %trace_id)).with_context(context)
}

/// Runs work in the span that is current now, where there is one: for work that becomes a task.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> + use<F> {
    let context = Context::current();
    if context.span().span_context().is_valid() {
        Either::Left(within(context, work))
    } else {
        Either::Right(work)
    }
}

/// The span of a call. It ends with [`CallSpan::end`], or when dropped.
pub struct CallSpan(Context);

impl CallSpan {
    /// The call's own `traceparent`, for what it does.
    #[must_use]
    pub fn traceparent(&self) -> String {
        traceparent(&self.0)
    }

    /// Begins the call.
    pub fn enter<T>(&self, begin: impl FnOnce() -> T) -> T {
        let _current = self.0.clone().attach();
        begin()
    }

    /// Runs the call.
    pub fn run<F: Future>(&self, call: F) -> impl Future<Output = F::Output> + use<F> {
        within(self.0.clone(), call)
    }

    /// The call ended with this gRPC code.
    pub fn end(self, code: i32) {
        let span = self.0.span();
        let name = code_name(code);
        span.set_attribute(KeyValue::new("rpc.response.status_code", name));
        if FAULTS.contains(&code) {
            span.set_attribute(KeyValue::new("error.type", name));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// The span of a commit. It ends when dropped.
pub struct CommitSpan(Context);

impl CommitSpan {
    /// What the events are stored with.
    #[must_use]
    pub fn traceparent(&self) -> String {
        traceparent(&self.0)
    }

    /// Whether the events are on disk.
    pub fn end(self, is_committed: bool) {
        let span = self.0.span();
        if !is_committed {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// The span of an attempt.
pub struct AttemptSpan(Context);

impl AttemptSpan {
    /// What the receiver is sent.
    #[must_use]
    pub fn traceparent(&self) -> String {
        traceparent(&self.0)
    }

    /// Runs the attempt.
    pub fn run<F: Future>(&self, attempt: F) -> impl Future<Output = F::Output> + use<F> {
        within(self.0.clone(), attempt)
    }

    /// The attempt ended like this; `status` where a head came.
    pub fn end(self, outcome: &str, status: Option<u16>) {
        let span = self.0.span();
        if let Some(status) = status {
            span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        }
        if outcome != "succeeded" {
            let known = status.filter(|_| outcome == "http_status").map(known_status);
            let reason = known.map_or(outcome.to_owned(), |status| status.to_string());
            span.set_attribute(KeyValue::new("error.type", Value::from(reason)));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_and_written() {
        let context = Context::new().with_remote_span_context(remote(PARENT).unwrap());
        assert_eq!(traceparent(&context), PARENT);
        for text in
            ["", "00", "00-0-0-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"]
        {
            assert!(remote(text).is_none(), "{text}");
        }
    }

    #[test]
    fn each_attempt_of_a_delivery_has_a_span_id_of_its_own_that_anybody_can_tell() {
        assert_eq!(span_id(7, 1), span_id(7, 1));
        assert_ne!(span_id(7, 1), span_id(7, 2));
        assert_ne!(span_id(7, 1), span_id(8, 1));
    }

    #[test]
    fn without_an_exporter_there_are_no_spans() {
        let traces = Traces::default();
        assert!(traces.call("/a/b", Some(PARENT)).is_none());
        assert!(traces.commit(PARENT).is_none());
    }
}
