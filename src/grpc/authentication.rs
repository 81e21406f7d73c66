//! The layer before every service: who calls, and whether it may use that service at all. It reads
//! the path and the headers only; what the request's message asks for is authorised by
//! [`super::guard`].

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, Request, Response};
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::{Layer, Service};

use super::audit::{self, RefusalLog};
use super::caller::{Caller, Principal};
use super::credentials::{Credentials, Identity};
use super::failure::Refusal;
use super::guard::{self, Rpc};
use super::unread;
use crate::domain::access::{Grant, Role};
use crate::domain::access_token::TokenDigest;
use crate::proto::{delivery_query_server, endpoint_admin_server, event_ingest_server};

/// What somebody is called whom nobody asked.
const ANONYMOUS: &str = "anonymous";

/// What a path leads to.
#[derive(Clone, Copy)]
enum Access {
    /// Probes ask for health and have no credentials.
    Open,
    /// The contract is no secret among those who call.
    AnyCaller,
    /// A service needs its role.
    With(Role, &'static Rpc),
}

/// What a path leads to. What is not listed here is not served.
fn access(path: &str) -> Option<Access> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let (role, rpcs) = match service {
        tonic_health::pb::health_server::SERVICE_NAME => return Some(Access::Open),
        tonic_reflection::pb::v1::server_reflection_server::SERVICE_NAME
        | tonic_reflection::pb::v1alpha::server_reflection_server::SERVICE_NAME => {
            return Some(Access::AnyCaller);
        }
        endpoint_admin_server::SERVICE_NAME => (Role::Admin, guard::ENDPOINT_ADMIN),
        event_ingest_server::SERVICE_NAME => (Role::Publisher, guard::EVENT_INGEST),
        delivery_query_server::SERVICE_NAME => (Role::Viewer, guard::DELIVERY_QUERY),
        _ => return None,
    };
    rpcs.iter().find(|rpc| rpc.name == method).map(|rpc| Access::With(role, rpc))
}

/// Lets in whom it knows.
pub struct Gate {
    /// `None` without a tokens file: then everybody may do everything.
    credentials: Option<watch::Receiver<Arc<Credentials>>>,
    anonymous: Arc<Principal>,
    refusals: RefusalLog,
}

impl Gate {
    /// A gate for those in the tokens file; without one, for everybody.
    #[must_use]
    pub fn new(
        credentials: Option<watch::Receiver<Arc<Credentials>>>,
        refusals: RefusalLog,
    ) -> Self {
        let anonymous = Principal { name: ANONYMOUS.to_owned(), grant: Grant::everything() };
        Self { credentials, anonymous: Arc::new(anonymous), refusals }
    }

    /// Who calls; `None` where nobody is asked.
    fn admit<B>(&self, request: &Request<B>) -> Result<Option<Caller>, Refusal> {
        let access = access(request.uri().path());
        if let Some(Access::Open) = access {
            return Ok(None);
        }
        let peer = peer(request.extensions());
        let caller = self.identify(request, peer).inspect_err(|refusal| {
            let rpc = match access {
                Some(Access::With(_, rpc)) => rpc.name,
                _ => "",
            };
            self.refusals.add(*refusal, rpc, peer);
        })?;
        match access {
            // Only now, so that somebody unknown does not learn what there is.
            None => Err(Refusal::UnknownMethod),
            Some(Access::With(role, rpc)) => {
                caller.require(role).inspect_err(|refusal| {
                    audit::refused_at_the_gate(&caller, rpc, *refusal);
                })?;
                Ok(Some(caller))
            }
            Some(_) => Ok(Some(caller)),
        }
    }

    /// The token decides where there is one; else the certificate.
    fn identify<B>(
        &self,
        request: &Request<B>,
        peer: Option<SocketAddr>,
    ) -> Result<Caller, Refusal> {
        let Some(source) = &self.credentials else {
            return Ok(Caller::anonymous(Arc::clone(&self.anonymous), peer));
        };
        let credentials = Arc::clone(&source.borrow());
        let shown = match bearer(request.headers()) {
            Bearer::Shown(digest) => Some(Identity::Token(digest)),
            Bearer::Malformed => None,
            Bearer::Missing => match peer_certificates(request.extensions()) {
                Some(chain) => chain.first().and_then(|leaf| credentials.find_certificate(leaf)),
                None => return Err(Refusal::CredentialsMissing),
            },
        };
        let identity = shown.ok_or(Refusal::CredentialsInvalid)?;
        let principal = credentials.find(&identity).ok_or(Refusal::CredentialsInvalid)?;
        Ok(Caller::known(identity, Arc::clone(principal), source.clone(), peer))
    }
}

/// What a request's `authorization` holds.
enum Bearer {
    Missing,
    Malformed,
    Shown(TokenDigest),
}

/// Reads `authorization: Bearer <token>` (RFC 6750, section 2.1); the scheme in any case.
fn bearer(headers: &HeaderMap) -> Bearer {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Bearer::Missing };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .and_then(|(_, token)| TokenDigest::of_shown(token.trim_start_matches(' ')));
    match token {
        Some(digest) if values.next().is_none() => Bearer::Shown(digest),
        _ => Bearer::Malformed,
    }
}

fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    let plain = extensions.get::<TcpConnectInfo>();
    let connection =
        plain.or_else(|| Some(extensions.get::<TlsConnectInfo<TcpConnectInfo>>()?.get_ref()))?;
    connection.remote_addr()
}

/// The client's certificates, its own first; `None` where it has none.
fn peer_certificates(extensions: &Extensions) -> Option<Arc<Vec<CertificateDer<'static>>>> {
    extensions.get::<TlsConnectInfo<TcpConnectInfo>>()?.peer_certs()
}

/// Puts the [`Caller`] beside each request, or answers in the services' place.
#[derive(Clone)]
pub struct AuthenticationLayer(Arc<Gate>);

impl AuthenticationLayer {
    /// With this gate.
    #[must_use]
    pub fn new(gate: Gate) -> Self {
        Self(Arc::new(gate))
    }
}

impl<S> Layer<S> for AuthenticationLayer {
    type Service = Authentication<S>;

    fn layer(&self, inner: S) -> Authentication<S> {
        Authentication { inner, gate: Arc::clone(&self.0) }
    }
}

/// The services behind a gate.
#[derive(Clone)]
pub struct Authentication<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S, A> Service<Request<Body>> for Authentication<S>
where
    S: Service<Request<Body>, Response = Response<A>, Error = Infallible>,
    A: Default,
{
    type Response = Response<A>;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response<A>, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.gate.admit(&request) {
            Ok(caller) => {
                // Nobody behind here needs it, nor can log it.
                request.headers_mut().remove(AUTHORIZATION);
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                Either::Left(self.inner.call(request))
            }
            Err(refusal) => {
                unread::read_out(request.into_body());
                Either::Right(ready(Ok(Status::from(refusal).into_http())))
            }
        }
    }
}

#[cfg(test)]
mod tests;
