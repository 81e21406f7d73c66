//! What every call goes through: a place among those under way, a deadline, a task of its own, and
//! a reason for each error.
//!
//! A call that writes is not broken off when its deadline passes or its caller goes away: it ends by
//! itself, and keeps its place until then. One that reads is.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::answer::{Answer, Cut};
use super::deadline::{self, TimedBody};
use super::failure::{self, Failure};
use super::methods::{Method, Methods};
use super::unread;
use crate::telemetry::traces::carried;

/// Unary calls under way over the whole server. Publishing gains nothing by more than 64 at once,
/// and this leaves reads and slow callers some beside; each holds 8 MiB at the most, the largest
/// request.
pub const CALLS_MAX: usize = 256;
/// Streams open over the whole server: a watch holds 64 messages, and looks at every change.
pub const STREAMS_MAX: usize = 1_024;

/// How long the answer of a unary call may wait for a caller that does not read.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);
/// The same for a message of a stream. Watches end by themselves sooner, and say why to a caller
/// that begins to read again.
const STREAM_PATIENCE: Duration = Duration::from_mins(1);

/// Takes calls to a service.
#[derive(Clone)]
pub struct Calls<S> {
    service: S,
    limits: Arc<Limits>,
}

struct Limits {
    methods: Methods,
    unary: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// A place among the calls under way. It is free again when the last who holds it is done.
type Place = Option<Arc<OwnedSemaphorePermit>>;

impl<S> Calls<S> {
    /// Takes calls to a service.
    #[must_use]
    pub fn new(service: S) -> Self {
        let limits = Limits {
            methods: Methods::served(),
            unary: Arc::new(Semaphore::new(CALLS_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        };
        Self { service, limits: Arc::new(limits) }
    }
}

impl<S> Service<Request<Body>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answered = match self.admit(&request) {
            Ok(Admitted::Unary { place, timeout, reads }) => {
                self.unary(request, place, timeout, reads)
            }
            Ok(Admitted::Stream(place)) => self.stream(request, place),
            Err(failure) => {
                unread::read_out(request.into_body());
                Box::pin(std::future::ready(refused(failure)))
            }
        };
        Box::pin(async move { Ok(answered.await) })
    }
}

/// A call that there is a place for.
enum Admitted {
    Unary { place: Place, timeout: Duration, reads: bool },
    Stream(Place),
}

type Answered = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

impl<S> Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    /// Takes a place for a call, where there is one.
    fn admit(&self, request: &Request<Body>) -> Result<Admitted, Failure> {
        let client_timeout = deadline::client_timeout(request.headers())?;
        match self.limits.methods.find(request.uri().path()) {
            Some(Method::Unary { reads, timeout, counted }) => {
                let place = if counted { take(&self.limits.unary) } else { Ok(None) };
                let place = place.map_err(|()| Failure::TooManyCalls)?;
                let timeout = client_timeout.map_or(timeout, |client| client.min(timeout));
                Ok(Admitted::Unary { place, timeout, reads })
            }
            Some(Method::Stream) => {
                let place = take(&self.limits.streams).map_err(|()| Failure::TooManyStreams)?;
                Ok(Admitted::Stream(place))
            }
            // The service knows what to say of it.
            None => Ok(Admitted::Stream(None)),
        }
    }

    fn unary(
        &mut self,
        request: Request<Body>,
        place: Place,
        timeout: Duration,
        reads: bool,
    ) -> Answered {
        let cut = request.extensions().get::<Cut>().cloned();
        let request = request.map(|body| Body::new(TimedBody::new(body, timeout)));
        let (answering, kept) = (self.service.call(request), place.clone());
        let task = tokio::spawn(carried(async move {
            let Ok(response) = answering.await;
            drop(kept);
            response
        }));
        Box::pin(async move {
            let done = if reads {
                tokio::time::timeout(timeout, AbortOnDropHandle::new(task)).await
            } else {
                tokio::time::timeout(timeout, task).await
            };
            match done {
                Ok(Ok(response)) => finish(response, place, ANSWER_PATIENCE, cut.as_ref()),
                Ok(Err(panicked)) => refused(Failure::Panicked(panicked)),
                Err(_) => refused(Failure::DeadlineExceeded),
            }
        })
    }

    fn stream(&mut self, mut request: Request<Body>, place: Place) -> Answered {
        // Compressing one small message costs more than sending it.
        let identity = HeaderValue::from_static("identity");
        request.headers_mut().insert("grpc-accept-encoding", identity);
        let cut = request.extensions().get::<Cut>().cloned();
        let answering = self.service.call(request);
        Box::pin(async move {
            let Ok(response) = answering.await;
            finish(response, place, STREAM_PATIENCE, cut.as_ref())
        })
    }
}

fn take(places: &Arc<Semaphore>) -> Result<Place, ()> {
    Arc::clone(places).try_acquire_owned().map(|place| Some(Arc::new(place))).map_err(drop)
}

fn finish(
    response: Response<Body>,
    place: Place,
    patience: Duration,
    cut: Option<&Cut>,
) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    failure::explain(&mut head.headers);
    Response::from_parts(head, Body::new(Answer::new(body, place, patience, cut)))
}

fn refused(failure: Failure) -> Response<Body> {
    Status::from(failure).into_http()
}

#[cfg(test)]
mod tests;
