//! What every call passes through on its way to the connection: credentials, its deadline, and
//! where it is unary its retries.
//!
//! A connection that is cut is UNAVAILABLE here, as it is in gRPC's own libraries; tonic has five
//! names for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Status, TimeoutExpired};
use tower::{BoxError, Service, ServiceExt};

use super::policy::Policy;
use super::unary::Unary;

/// The service under the generated clients: a connection with credentials, deadlines and retries.
#[derive(Clone, Debug)]
pub struct Calls<S = Channel> {
    connection: S,
    authorization: Option<HeaderValue>,
    timeout: Option<Duration>,
}

impl<S> Calls<S> {
    pub(super) fn new(
        connection: S,
        authorization: Option<HeaderValue>,
        timeout: Option<Duration>,
    ) -> Self {
        Self { connection, authorization, timeout }
    }
}

impl<S> Service<Request<Body>> for Calls<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Each attempt waits for the connection by itself.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let connection = self.connection.clone();
        match Policy::of(request.uri().path(), self.timeout) {
            Policy::Stream => Box::pin(open(connection, request)),
            Policy::Unary { timeout, is_retried } => Box::pin(async move {
                Unary::new(connection, request, timeout, is_retried).await?.call().await
            }),
        }
    }
}

/// Makes a call, once.
pub(super) async fn open<S>(connection: S, request: Request<Body>) -> Result<Response<Body>, Status>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Error: Into<BoxError>,
{
    match connection.oneshot(request).await {
        Ok(response) => Ok(response.map(|body| Body::new(body.map_err(|error| cut(error.into()))))),
        Err(error) => Err(cut(error.into())),
    }
}

/// What it means that the connection failed under a call.
fn cut(error: BoxError) -> Status {
    let error: Arc<dyn std::error::Error + Send + Sync> = error.into();
    let mut causes = Vec::new();
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(cause) = next {
        if cause.is::<TimeoutExpired>() {
            return Status::deadline_exceeded("the call's deadline has passed");
        }
        causes.push(cause.to_string());
        next = cause.source();
    }
    let mut status = Status::unavailable(format!("the connection failed: {}", causes.join(": ")));
    status.set_source(error);
    status
}
