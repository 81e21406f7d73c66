//! What is told of every call: how long it took and how it ended, as a metric, and as a span where
//! its trace is sampled. Around everything else that a call goes through, so that those count too
//! that are not let in.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::domain::trace_parent::TraceParent;
use crate::telemetry::metrics::{Metrics, monotonic_now};
use crate::telemetry::traces::{CallSpan, Traces};

/// The caller's trace (W3C Trace Context), and behind here that of the call's own span.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// How a call ended.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Tells of the calls to a service.
#[derive(Clone)]
pub struct ObservedLayer {
    /// Counts them.
    pub metrics: Metrics,
    /// Makes their spans.
    pub traces: Traces,
}

impl<S> Layer<S> for ObservedLayer {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, told: self.clone() }
    }
}

/// A service whose calls are told of.
#[derive(Clone)]
pub struct Observed<S> {
    inner: S,
    told: ObservedLayer,
}

impl<S> Service<Request<Body>> for Observed<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let call = self.told.begin(&mut request);
        // The future of a call that is in a span runs in it; what it begins is begun there.
        match &call.span {
            None => {
                let answering = self.inner.call(request);
                Box::pin(async move { Ok(call.answered(answering.await)) })
            }
            Some(span) => {
                let answering = span.run(span.enter(|| self.inner.call(request)));
                Box::pin(async move { Ok(call.answered(answering.await)) })
            }
        }
    }
}

impl ObservedLayer {
    /// A call begins. Whatever is behind sees the trace of its span.
    fn begin(&self, request: &mut Request<Body>) -> Call {
        let path = request.uri().path().to_owned();
        let parent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
        let parent: Option<TraceParent> = parent.and_then(|text| text.parse().ok());
        let span = self.traces.call(&path, parent.as_ref().map(TraceParent::as_str));
        let own = span.as_ref().and_then(|span| HeaderValue::try_from(span.traceparent()).ok());
        if let Some(own) = own {
            request.headers_mut().insert(TRACEPARENT, own);
        }
        let metrics = self.metrics.clone();
        Call { metrics, path, span, begun: monotonic_now(), code: Code::Cancelled }
    }
}

/// A call under way. It is told of when dropped: until its answer says otherwise, its caller has gone
/// away.
struct Call {
    metrics: Metrics,
    path: String,
    span: Option<CallSpan>,
    begun: Instant,
    code: Code,
}

impl Call {
    fn answered(mut self, answer: Result<Response<Body>, Infallible>) -> Response<Body> {
        let Ok(answer) = answer;
        self.note(answer.headers());
        answer.map(|body| Body::new(ObservedBody { body, call: self }))
    }

    /// What a head, or trailers, say of how the call ended.
    fn note(&mut self, headers: &HeaderMap) {
        if let Some(code) = headers.get(GRPC_STATUS) {
            self.code = Code::from_bytes(code.as_bytes());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = i32::from(self.code);
        self.metrics.call(&self.path, code, self.begun.elapsed());
        if let Some(span) = self.span.take() {
            span.end(code);
        }
    }
}

/// The body of an answer, to its trailers.
struct ObservedBody {
    body: Body,
    call: Call,
}

impl HttpBody for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            self.call.note(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
