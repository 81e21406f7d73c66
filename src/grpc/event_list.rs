//! Pages of events.

use uuid::Uuid;

use super::failure::Failure;
use super::page::{self, PAGE_BYTES_MAX, PAGES, Page};
use super::token::{TokenKind, Tokens};
use super::violations::Violations;
use super::{delivery_filter, delivery_message};
use crate::domain::clock::Timestamp;
use crate::domain::id::EventId;
use crate::proto::{ListEventsRequest, ListEventsResponse};
use crate::store::Store;
use crate::store::events::{EventList, EventPage, EventPlace};

/// Reads a page.
///
/// # Errors
/// [`Failure::InvalidFields`], or the store's.
pub async fn page(
    store: &Store,
    request: &ListEventsRequest,
) -> Result<ListEventsResponse, Failure> {
    let mut violations = Violations::new();
    let scope = violations.account_scope(&request.account_id);
    let event_types = delivery_filter::event_types(&mut violations, &request.event_types);
    let (from, before) =
        violations.time_range(request.start_time.as_ref(), request.end_time.as_ref());
    let size = page::size(&mut violations, request.page_size, PAGES);
    let purpose = format!(
        "{} {:?} {:?} {:?}",
        request.account_id, request.event_types, request.start_time, request.end_time
    );
    let tokens = Tokens::new(TokenKind::Events, store.database_id(), &purpose);
    let place = page::place(&mut violations, &request.page_token, &tokens);
    let scope = violations.finish(scope)?;

    let list = EventList {
        scope,
        event_types,
        from,
        before,
        after: place.map(read_place),
        limit: size,
        payload_bytes_max: PAGE_BYTES_MAX,
    };
    let EventPage { events, next } = store.events(&list).await?;
    let Page { messages, last } = page::fill(&events, size, delivery_message::event);
    let next = last.map(EventPlace::of).or(next).map(|place| tokens.write(&write_place(place)));
    Ok(ListEventsResponse { events: messages, next_page_token: next.unwrap_or_default() })
}

/// Bytes of a place: the time and the id.
const PLACE_BYTES: usize = 8 + 16;

fn write_place(place: EventPlace) -> [u8; PLACE_BYTES] {
    let mut bytes = [0; PLACE_BYTES];
    bytes[..8].copy_from_slice(&place.publish_time.as_unix_nanos().to_be_bytes());
    bytes[8..].copy_from_slice(place.event_id.as_uuid().as_bytes());
    bytes
}

fn read_place(bytes: [u8; PLACE_BYTES]) -> EventPlace {
    let (time, id) = bytes.split_first_chunk().expect("it begins with a time");
    let id = id.try_into().expect("an id is left");
    EventPlace {
        publish_time: Timestamp::from_unix_nanos(i64::from_be_bytes(*time)),
        event_id: EventId::from_uuid(Uuid::from_bytes(id)),
    }
}
