//! The service that manages endpoints.

use std::sync::Arc;

use prost::Message;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::delivery_message;
use super::endpoint_fields::{self, ConfigChange, Policies, UrlPolicy};
use super::endpoint_test::Tests;
use super::event_samples;
use super::failure::Failure;
use super::page::{self, PAGES, Page};
use super::secret_rotation;
use super::token::{TokenKind, Tokens};
use super::violations::Violations;
use crate::domain::account::{AccountId, AccountScope};
use crate::domain::clock::Clock;
use crate::domain::endpoint::{Endpoint, EndpointState, REASON_BYTES_MAX};
use crate::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
use crate::domain::event::EventType;
use crate::domain::id::{EndpointId, SecretId};
use crate::domain::random::Random;
use crate::domain::type_name::{CustomTypes, TypeName};
use crate::proto;
use crate::proto::endpoint::State;
use crate::proto::endpoint_admin_server::EndpointAdmin;
use crate::proto::{
    CancelDeliveryRequest, CancelDeliveryResponse, CreateEndpointRequest, CreateEndpointResponse,
    DeleteEndpointRequest, DeleteEndpointResponse, DisableEndpointRequest, DisableEndpointResponse,
    EnableEndpointRequest, EnableEndpointResponse, GetEndpointRequest, GetEndpointResponse,
    GetEndpointSecretRequest, GetEndpointSecretResponse, ListEndpointsRequest,
    ListEndpointsResponse, ListEventTypesRequest, ListEventTypesResponse, RecoverEndpointRequest,
    RecoverEndpointResponse, ResendDeliveryRequest, ResendDeliveryResponse,
    RevokeEndpointSecretRequest, RevokeEndpointSecretResponse, RotateEndpointSecretRequest,
    RotateEndpointSecretResponse, TestEndpointRequest, TestEndpointResponse, UpdateEndpointRequest,
    UpdateEndpointResponse,
};
use crate::store::Store;
use crate::store::endpoints::{EndpointList, EndpointWriteError};
use crate::store::error::StoreError;
use crate::store::request::{NamedRequest, SecretRequest};

/// States that a filter may name; each once is enough.
const FILTER_STATES_MAX: usize = 10;

/// The service.
pub struct Admin {
    /// Where endpoints are kept.
    pub store: Arc<Store>,
    /// Which URLs may be registered.
    pub url_policy: UrlPolicy,
    /// Which event types there are beside those that are built in.
    pub custom_types: CustomTypes,
    /// Stamps endpoints.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and secrets.
    pub random: Arc<dyn Random>,
    /// Sends samples.
    pub tests: Tests,
}

#[tonic::async_trait]
impl EndpointAdmin for Admin {
    async fn create_endpoint(
        &self,
        request: Request<CreateEndpointRequest>,
    ) -> Result<Response<CreateEndpointResponse>, Status> {
        let (endpoint, create) = self.read_new(request.get_ref())?;
        let id = endpoint.endpoint_id;
        let created = self.store.create_endpoint(endpoint, create).await;
        let created = created.map_err(|error| Failure::EndpointWrite(id, error))?;
        let (endpoint, secret) = (self.shown(&created), open_secrets(&created)?.current());
        Ok(Response::new(CreateEndpointResponse {
            endpoint: Some(endpoint),
            secret: secret.secret.expose().to_owned(),
        }))
    }

    async fn get_endpoint(
        &self,
        request: Request<GetEndpointRequest>,
    ) -> Result<Response<GetEndpointResponse>, Status> {
        let request = request.get_ref();
        let mut violations = Violations::new();
        let scope = violations.account_scope(&request.account_id);
        let id = violations.parse("endpoint_id", &request.endpoint_id);
        let (scope, id) = violations.finish(scope.zip(id))?;
        let endpoint = self.find(&scope, id).await?;
        let message = self.shown(&endpoint);
        Ok(Response::new(GetEndpointResponse { endpoint: Some(message) }))
    }

    async fn list_endpoints(
        &self,
        request: Request<ListEndpointsRequest>,
    ) -> Result<Response<ListEndpointsResponse>, Status> {
        Ok(Response::new(self.page_of_endpoints(request.get_ref()).await?))
    }

    async fn update_endpoint(
        &self,
        request: Request<UpdateEndpointRequest>,
    ) -> Result<Response<UpdateEndpointResponse>, Status> {
        let updated = self.update(request.get_ref()).await?;
        let message = self.shown(&updated);
        Ok(Response::new(UpdateEndpointResponse { endpoint: Some(message) }))
    }

    async fn delete_endpoint(
        &self,
        request: Request<DeleteEndpointRequest>,
    ) -> Result<Response<DeleteEndpointResponse>, Status> {
        let request = request.get_ref();
        let (account, id) =
            endpoint_of(Violations::new(), &request.account_id, &request.endpoint_id)?;
        let etag = Some(request.etag.as_str()).filter(|etag| !etag.is_empty());
        let cancelled = match self.store.delete_endpoint(&account, id, etag).await {
            Err(EndpointWriteError::NotFound) if request.allow_missing => 0,
            deleted => deleted.map_err(|error| Failure::EndpointWrite(id, error))?,
        };
        let cancelled_delivery_count = i32::try_from(cancelled).unwrap_or(i32::MAX);
        Ok(Response::new(DeleteEndpointResponse { cancelled_delivery_count }))
    }

    async fn enable_endpoint(
        &self,
        request: Request<EnableEndpointRequest>,
    ) -> Result<Response<EnableEndpointResponse>, Status> {
        let request = request.get_ref();
        let (account, id) =
            endpoint_of(Violations::new(), &request.account_id, &request.endpoint_id)?;
        let enabled = self.store.enable_endpoint(&account, id).await;
        let enabled = enabled.map_err(|error| Failure::EndpointWrite(id, error))?;
        let message = self.shown(&enabled);
        Ok(Response::new(EnableEndpointResponse { endpoint: Some(message) }))
    }

    async fn disable_endpoint(
        &self,
        request: Request<DisableEndpointRequest>,
    ) -> Result<Response<DisableEndpointResponse>, Status> {
        let request = request.get_ref();
        let mut violations = Violations::new();
        violations.text_or_empty("reason", &request.reason, REASON_BYTES_MAX);
        let (account, id) = endpoint_of(violations, &request.account_id, &request.endpoint_id)?;
        let disabled = self.store.disable_endpoint(&account, id, &request.reason).await;
        let (endpoint, cancelled) = disabled.map_err(|error| Failure::EndpointWrite(id, error))?;
        Ok(Response::new(DisableEndpointResponse {
            endpoint: Some(self.shown(&endpoint)),
            cancelled_delivery_count: i32::try_from(cancelled).unwrap_or(i32::MAX),
        }))
    }

    async fn get_endpoint_secret(
        &self,
        request: Request<GetEndpointSecretRequest>,
    ) -> Result<Response<GetEndpointSecretResponse>, Status> {
        let request = request.get_ref();
        let (account, id) =
            endpoint_of(Violations::new(), &request.account_id, &request.endpoint_id)?;
        let endpoint = self.find(&AccountScope::One(account), id).await?;
        let current = open_secrets(&endpoint)?.current();
        Ok(Response::new(GetEndpointSecretResponse {
            secret_id: current.secret_id.to_string(),
            secret: current.secret.expose().to_owned(),
        }))
    }

    async fn rotate_endpoint_secret(
        &self,
        request: Request<RotateEndpointSecretRequest>,
    ) -> Result<Response<RotateEndpointSecretResponse>, Status> {
        let (account, id, rotation) = secret_rotation::read(request.get_ref(), &*self.random)?;
        let rotated = self.store.rotate_secret(&account, id, rotation).await;
        let rotated = rotated.map_err(|error| Failure::SecretWrite(id, error))?;
        Ok(Response::new(RotateEndpointSecretResponse {
            endpoint: Some(self.shown(&rotated.endpoint)),
            secret: rotated.secret.secret.expose().to_owned(),
        }))
    }

    async fn revoke_endpoint_secret(
        &self,
        request: Request<RevokeEndpointSecretRequest>,
    ) -> Result<Response<RevokeEndpointSecretResponse>, Status> {
        let request = request.get_ref();
        let mut violations = Violations::new();
        let secret_id = violations.parse("secret_id", &request.secret_id);
        let account = violations.account(&request.account_id);
        let id = violations.parse("endpoint_id", &request.endpoint_id);
        let ((account, id), secret_id) = violations.finish(account.zip(id).zip(secret_id))?;
        let endpoint = self.store.revoke_secret(&account, id, secret_id).await;
        let endpoint = endpoint.map_err(|error| Failure::SecretWrite(id, error))?;
        let message = self.shown(&endpoint);
        Ok(Response::new(RevokeEndpointSecretResponse { endpoint: Some(message) }))
    }

    async fn test_endpoint(
        &self,
        request: Request<TestEndpointRequest>,
    ) -> Result<Response<TestEndpointResponse>, Status> {
        let attempt = self.test(request.metadata(), request.get_ref()).await?;
        let message = delivery_message::attempt(&attempt);
        Ok(Response::new(TestEndpointResponse { attempt: Some(message) }))
    }

    async fn resend_delivery(
        &self,
        request: Request<ResendDeliveryRequest>,
    ) -> Result<Response<ResendDeliveryResponse>, Status> {
        let delivery = self.resend(request.get_ref()).await?;
        Ok(Response::new(ResendDeliveryResponse { delivery: Some(delivery) }))
    }

    async fn cancel_delivery(
        &self,
        request: Request<CancelDeliveryRequest>,
    ) -> Result<Response<CancelDeliveryResponse>, Status> {
        let delivery = self.cancel(request.get_ref()).await?;
        Ok(Response::new(CancelDeliveryResponse { delivery: Some(delivery) }))
    }

    async fn recover_endpoint(
        &self,
        request: Request<RecoverEndpointRequest>,
    ) -> Result<Response<RecoverEndpointResponse>, Status> {
        Ok(Response::new(self.recover(request.get_ref()).await?))
    }

    async fn list_event_types(
        &self,
        request: Request<ListEventTypesRequest>,
    ) -> Result<Response<ListEventTypesResponse>, Status> {
        Ok(Response::new(self.page_of_event_types(request.get_ref())?))
    }
}

impl Admin {
    fn read_new(
        &self,
        request: &CreateEndpointRequest,
    ) -> Result<(Endpoint, Option<SecretRequest>), Failure> {
        let mut violations = Violations::new();
        let secret =
            secret_rotation::secret(&mut violations, request.secret.as_deref(), &*self.random);
        let content = CreateEndpointRequest {
            request_id: String::new(),
            secret: secret_rotation::without_secret(request.secret.as_ref()),
            endpoint: request.endpoint.clone(),
        };
        let create = named_request(&mut violations, &request.request_id, &content)
            .map(|named| SecretRequest { named, brings_secret: request.secret.is_some() });
        let Some(message) = &request.endpoint else {
            violations.add("endpoint", "must be set");
            return violations.finish(None);
        };
        let account_id =
            violations.within("endpoint", |endpoint| endpoint.account(&message.account_id));
        let config =
            ConfigChange::read_all(&mut violations, message, self.policies()).into_config();

        let now = self.clock.now();
        let endpoint = account_id.zip(config).zip(secret).map(|((account_id, config), secret)| {
            let secret_id = SecretId::new(now, &*self.random);
            Endpoint {
                endpoint_id: EndpointId::new(now, &*self.random),
                account_id,
                config,
                state: EndpointState::Active,
                state_reason: String::new(),
                secrets: Some(EndpointSecrets::new(EndpointSecret {
                    secret_id,
                    secret,
                    create_time: now,
                })),
                create_time: now,
                update_time: now,
                version: 1,
            }
        });
        Ok((violations.finish(endpoint)?, create))
    }

    fn policies(&self) -> Policies<'_> {
        Policies { urls: &self.url_policy, custom_types: &self.custom_types }
    }

    fn shown(&self, endpoint: &Endpoint) -> proto::Endpoint {
        endpoint_fields::message(endpoint, self.clock.now())
    }

    /// Finds an endpoint.
    pub(super) async fn find(
        &self,
        scope: &AccountScope,
        id: EndpointId,
    ) -> Result<Endpoint, Failure> {
        self.store.endpoint(scope, id).await?.ok_or(Failure::EndpointNotFound(id))
    }

    async fn update(&self, request: &UpdateEndpointRequest) -> Result<Endpoint, Failure> {
        let mut violations = Violations::new();
        let Some(message) = &request.endpoint else {
            violations.add("endpoint", "must be set");
            return violations.finish(None);
        };
        let (account, id) = violations.within("endpoint", |endpoint| {
            let account = endpoint.account(&message.account_id);
            (account, endpoint.parse("endpoint_id", &message.endpoint_id))
        });
        let mask = request.update_mask.as_ref();
        let change = ConfigChange::read_masked(&mut violations, message, mask, self.policies());
        let (account, id): (_, EndpointId) = violations.finish(account.zip(id))?;

        let etag = Some(message.etag.as_str()).filter(|etag| !etag.is_empty());
        self.store
            .change_endpoint(&account, id, etag, |endpoint| change.apply(&mut endpoint.config))
            .await
            .map_err(|error| Failure::EndpointWrite(id, error))
    }

    async fn page_of_endpoints(
        &self,
        request: &ListEndpointsRequest,
    ) -> Result<ListEndpointsResponse, Failure> {
        let mut violations = Violations::new();
        let scope = violations.account_scope(&request.account_id);
        let states = states(&mut violations, &request.states);
        let event_type: Option<TypeName> = match request.event_type.as_str() {
            "" => None,
            name => violations.parse("event_type", name),
        };
        let size = page::size(&mut violations, request.page_size, PAGES);
        let purpose = format!("{} {:?} {}", request.account_id, request.states, request.event_type);
        let tokens = Tokens::new(TokenKind::Endpoints, self.store.database_id(), &purpose);
        let place = page::place(&mut violations, &request.page_token, &tokens);
        let scope = violations.finish(scope)?;

        let before = place.map(|bytes| EndpointId::from_uuid(Uuid::from_bytes(bytes)));
        let list = EndpointList { scope, states, before, limit: size + 1 };
        let endpoints = self.store.endpoints(&list).await?;
        let Page { messages, last } = page::fill(&endpoints, size, |one| self.shown(one));
        let next = last.map(|last| tokens.write(last.endpoint_id.as_uuid().as_bytes()));
        // Subscriptions are lists in one column: they are matched here, page by page.
        let is_wanted = |endpoint: &Endpoint| {
            let subscription = &endpoint.config.subscription;
            event_type.as_ref().is_none_or(|wanted| subscription.wants(wanted.as_str()))
        };
        let wanted =
            messages.into_iter().zip(&endpoints).filter(|(_, endpoint)| is_wanted(endpoint));
        Ok(ListEndpointsResponse {
            endpoints: wanted.map(|(message, _)| message).collect(),
            next_page_token: next.unwrap_or_default(),
        })
    }

    /// Every type that has a name, by name.
    fn event_types(&self) -> Vec<TypeName> {
        let built_in = EventType::ALL.into_iter().map(TypeName::BuiltIn);
        let custom = self.custom_types.names().cloned().map(TypeName::Custom);
        let mut all: Vec<_> = built_in.chain(custom).collect();
        all.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        all
    }

    fn page_of_event_types(
        &self,
        request: &ListEventTypesRequest,
    ) -> Result<ListEventTypesResponse, Failure> {
        let mut violations = Violations::new();
        let size = page::size(&mut violations, request.page_size, PAGES);
        let tokens = Tokens::new(TokenKind::EventTypes, self.store.database_id(), "");
        let place = page::place(&mut violations, &request.page_token, &tokens);
        violations.finish(Some(()))?;

        let begin = usize::from(place.map_or(0, u16::from_be_bytes));
        let types = self.event_types();
        let rest = &types[begin.min(types.len())..];
        let Page { messages, last } = page::fill(rest, size, event_type);
        let next = u16::try_from(begin + messages.len()).unwrap_or(u16::MAX);
        Ok(ListEventTypesResponse {
            event_types: messages,
            next_page_token: last.map(|_| tokens.write(&next.to_be_bytes())).unwrap_or_default(),
        })
    }
}

/// An endpoint's secrets, for those who are to see them.
fn open_secrets(endpoint: &Endpoint) -> Result<&EndpointSecrets, Failure> {
    endpoint.secrets.as_ref().ok_or(Failure::Store(StoreError::Sealed))
}

fn endpoint_of(
    mut violations: Violations,
    account_id: &str,
    endpoint_id: &str,
) -> Result<(AccountId, EndpointId), Failure> {
    let account = violations.account(account_id);
    let id = violations.parse("endpoint_id", endpoint_id);
    violations.finish(account.zip(id))
}

/// Reads a request's `request_id`, with the rest of the request that it names: a UUID has several
/// spellings, so that its text is no part of the content.
pub(super) fn named_request(
    violations: &mut Violations,
    request_id: &str,
    content: &impl Message,
) -> Option<NamedRequest> {
    let request_id = secret_rotation::request_id(violations, request_id)?;
    Some(NamedRequest { request_id, digest: Sha256::digest(content.encode_to_vec()).into() })
}

fn states(violations: &mut Violations, numbers: &[i32]) -> Vec<EndpointState> {
    if !violations.count("states", numbers.len(), FILTER_STATES_MAX) {
        return Vec::new();
    }
    let mut states = Vec::with_capacity(numbers.len());
    for (index, number) in numbers.iter().enumerate() {
        match State::try_from(*number).ok().and_then(endpoint_fields::state_of) {
            Some(state) => states.push(state),
            None => violations
                .add(format_args!("states[{index}]"), "must be ACTIVE, DISABLED or SUSPENDED"),
        }
    }
    states
}

fn event_type(event_type: &TypeName) -> proto::EventType {
    let description = match event_type {
        TypeName::BuiltIn(event_type) => event_type.description(),
        TypeName::Custom(_) => "Added by the operator of the service: its publisher says when.",
    };
    proto::EventType {
        name: event_type.to_string(),
        description: description.to_owned(),
        example: event_samples::body(event_type),
    }
}
