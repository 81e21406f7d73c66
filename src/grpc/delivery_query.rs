//! The service that reads: what became of events and deliveries.

use std::sync::Arc;
use std::time::Duration;

use tonic::{Request, Response, Status};

use super::failure::Failure;
use super::page::{self, PAGES, PAGES_OF_ATTEMPTS, Page};
use super::token::{TokenKind, Tokens};
use super::violations::Violations;
use super::watch::{self, WatchSettings, WatchStream};
use super::{delivery_filter, delivery_message, delivery_stats, event_list};
use crate::domain::account::AccountScope;
use crate::domain::clock::Clock;
use crate::domain::id::{DeliveryId, EventId};
use crate::domain::random::Random;
use crate::proto::delivery_query_server::DeliveryQuery;
use crate::proto::{
    DeliveryView, GetDeliveryRequest, GetDeliveryResponse, GetDeliveryStatsRequest,
    GetDeliveryStatsResponse, GetEventRequest, GetEventResponse, ListAttemptsRequest,
    ListAttemptsResponse, ListDeliveriesRequest, ListDeliveriesResponse, ListEventsRequest,
    ListEventsResponse, WatchDeliveriesRequest,
};
use crate::store::Store;
use crate::store::changes::LogPosition;
use crate::store::deliveries::{DeliveryList, DeliveryPage};

/// The service.
pub struct Query {
    /// Where it reads.
    pub store: Arc<Store>,
    /// How watches behave.
    pub watches: WatchSettings,
    /// Spreads the ends of watches.
    pub random: Arc<dyn Random>,
    /// Says how long ago a time is.
    pub clock: Arc<dyn Clock>,
    /// How long closed deliveries are kept, and counted.
    pub retention: Duration,
}

#[tonic::async_trait]
impl DeliveryQuery for Query {
    type WatchDeliveriesStream = WatchStream;

    async fn get_event(
        &self,
        request: Request<GetEventRequest>,
    ) -> Result<Response<GetEventResponse>, Status> {
        let request = request.get_ref();
        let mut violations = Violations::new();
        let scope = violations.account_scope(&request.account_id);
        let event_id = violations.parse("event_id", &request.event_id);
        let (scope, event_id): (_, EventId) = violations.finish(scope.zip(event_id))?;
        let event = self.store.event(&scope, event_id).await.map_err(Failure::from)?;
        let event = event.ok_or(Failure::EventNotFound(event_id))?;
        Ok(Response::new(GetEventResponse { event: Some(delivery_message::event(&event)) }))
    }

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        Ok(Response::new(event_list::page(&self.store, request.get_ref()).await?))
    }

    async fn get_delivery(
        &self,
        request: Request<GetDeliveryRequest>,
    ) -> Result<Response<GetDeliveryResponse>, Status> {
        let request = request.get_ref();
        let mut violations = Violations::new();
        let scope = violations.account_scope(&request.account_id);
        let delivery_id = violations.parse("delivery_id", &request.delivery_id);
        let view = DeliveryView::try_from(request.view);
        if view.is_err() {
            violations.add("view", "must be BASIC or FULL");
        }
        let (scope, delivery_id) = violations.finish(scope.zip(delivery_id))?;
        let delivery = self.delivery(&scope, delivery_id, view == Ok(DeliveryView::Full)).await?;
        Ok(Response::new(GetDeliveryResponse { delivery: Some(delivery) }))
    }

    async fn list_deliveries(
        &self,
        request: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        Ok(Response::new(self.page_of_deliveries(request.get_ref()).await?))
    }

    async fn list_attempts(
        &self,
        request: Request<ListAttemptsRequest>,
    ) -> Result<Response<ListAttemptsResponse>, Status> {
        Ok(Response::new(self.page_of_attempts(request.get_ref()).await?))
    }

    async fn get_delivery_stats(
        &self,
        request: Request<GetDeliveryStatsRequest>,
    ) -> Result<Response<GetDeliveryStatsResponse>, Status> {
        let now = self.clock.now();
        let range = delivery_stats::read(request.get_ref(), now, self.retention)?;
        Ok(Response::new(delivery_stats::answer(&self.store, range).await?))
    }

    async fn watch_deliveries(
        &self,
        request: Request<WatchDeliveriesRequest>,
    ) -> Result<Response<WatchStream>, Status> {
        let stream = watch::open(&self.store, &self.watches, &request, &*self.random).await?;
        Ok(Response::new(stream))
    }
}

impl Query {
    async fn delivery(
        &self,
        scope: &AccountScope,
        delivery_id: DeliveryId,
        with_payload: bool,
    ) -> Result<crate::proto::Delivery, Failure> {
        let shown = self.store.delivery(scope, delivery_id).await?;
        let shown = shown.ok_or(Failure::DeliveryNotFound(delivery_id))?;
        let mut message = delivery_message::shown(&shown);
        if with_payload {
            let event_id = shown.delivery.event_id;
            let event = self.store.event(scope, event_id).await?;
            let event = event.ok_or(Failure::EventNotFound(event_id))?;
            message.payload = delivery_message::payload(&event);
        }
        Ok(message)
    }

    async fn page_of_deliveries(
        &self,
        request: &ListDeliveriesRequest,
    ) -> Result<ListDeliveriesResponse, Failure> {
        let mut violations = Violations::new();
        let scope = violations.account_scope(&request.account_id);
        let filter = delivery_filter::read(&mut violations, request.filter.as_ref());
        let (start, end) =
            violations.time_range(request.start_time.as_ref(), request.end_time.as_ref());
        let size = page::size(&mut violations, request.page_size, PAGES);
        let purpose = format!(
            "{} {:?} {:?} {:?}",
            request.account_id, request.filter, request.start_time, request.end_time
        );
        let tokens = Tokens::new(TokenKind::Deliveries, self.store.database_id(), &purpose);
        let place = page::place(&mut violations, &request.page_token, &tokens);
        let scope = violations.finish(scope)?;

        let place = place.map(ListPlace::from_bytes);
        // Taken before the first page is read: a watch from it shows what changed since.
        let log_position = match &place {
            Some(place) => place.log_position,
            None => self.store.change_log().head().await?,
        };
        let end = end.map(DeliveryId::first_at);
        let list = DeliveryList {
            filter,
            from: start.map(DeliveryId::first_at),
            before: place.map(|place| place.last).or(end),
            limit: size + 1,
            scope: scope.clone(),
        };
        let DeliveryPage { rows, looked_to } = self.store.deliveries(&list).await?;
        let Page { messages, last } = page::fill(&rows, size, delivery_message::shown);
        let next = last
            .map(|last| last.delivery.delivery_id)
            .or(looked_to)
            .map(|last| tokens.write(&ListPlace { last, log_position }.to_bytes()));
        let watch_tokens = watch::tokens(&self.store, &scope);
        Ok(ListDeliveriesResponse {
            deliveries: messages,
            next_page_token: next.unwrap_or_default(),
            watch_token: watch::write_token(&watch_tokens, log_position),
        })
    }

    async fn page_of_attempts(
        &self,
        request: &ListAttemptsRequest,
    ) -> Result<ListAttemptsResponse, Failure> {
        let mut violations = Violations::new();
        let scope = violations.account_scope(&request.account_id);
        let delivery_id: Option<DeliveryId> = violations.parse("delivery_id", &request.delivery_id);
        let size = page::size(&mut violations, request.page_size, PAGES_OF_ATTEMPTS);
        let purpose = format!("{} {}", request.account_id, request.delivery_id);
        let tokens = Tokens::new(TokenKind::Attempts, self.store.database_id(), &purpose);
        let place = page::place(&mut violations, &request.page_token, &tokens);
        let (scope, delivery_id) = violations.finish(scope.zip(delivery_id))?;

        if self.store.delivery(&scope, delivery_id).await?.is_none() {
            return Err(Failure::DeliveryNotFound(delivery_id));
        }
        let after = place.map_or(0, u32::from_be_bytes);
        let attempts = self.store.attempts(delivery_id, after, size + 1).await?;
        let Page { messages, last } = page::fill(&attempts, size, delivery_message::attempt);
        Ok(ListAttemptsResponse {
            attempts: messages,
            next_page_token: last
                .map(|last| tokens.write(&last.number.to_be_bytes()))
                .unwrap_or_default(),
        })
    }
}

/// Where a listing goes on, and where its watch begins.
struct ListPlace {
    last: DeliveryId,
    log_position: LogPosition,
}

impl ListPlace {
    const BYTES: usize = 16 + LogPosition::BYTES;

    fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(self.last.as_uuid().as_bytes());
        bytes[16..].copy_from_slice(&self.log_position.to_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let (last, position) = bytes.split_first_chunk().expect("it begins with an id");
        let position = position.try_into().expect("a position is left");
        Self {
            last: DeliveryId::from_uuid(uuid::Uuid::from_bytes(*last)),
            log_position: LogPosition::from_bytes(position),
        }
    }
}
