//! Reading events.

use std::collections::HashMap;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use super::Store;
use super::deliveries::PAGE_LOOKS_MAX;
use super::entity::events;
use super::error::StoreError;
use super::row;
use crate::domain::account::{AccountId, AccountScope};
use crate::domain::clock::Timestamp;
use crate::domain::event::Event;
use crate::domain::id::EventId;

/// How far the time in an event's id, when it was taken in, may be from its publish time, when it
/// was committed: longer than a publish waits for the database, and than a clock is slewed.
const ID_TIME_OFF_MAX: Duration = Duration::from_mins(5);

/// Which events to list.
#[derive(Clone, Debug)]
pub struct EventList {
    /// Whose.
    pub scope: AccountScope,
    /// Of one of these types, by name; empty: of all.
    pub event_types: Vec<String>,
    /// Published at this time or later.
    pub from: Option<Timestamp>,
    /// Published before this time.
    pub before: Option<Timestamp>,
    /// Behind this place: that of the last one of the page before.
    pub after: Option<EventPlace>,
    /// At most so many.
    pub limit: u64,
    /// At most so many bytes of payload, but one event at least.
    pub payload_bytes_max: usize,
}

/// Where an event stands in a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPlace {
    /// The order of one account's.
    pub publish_time: Timestamp,
    /// The order of those of the same time, and of all accounts.
    pub event_id: EventId,
}

impl EventPlace {
    /// The place of an event.
    #[must_use]
    pub const fn of(event: &Event) -> Self {
        Self { publish_time: event.publish_time, event_id: event.event_id }
    }
}

/// A page of a listing.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events that match, newest first.
    pub events: Vec<Event>,
    /// Where the next page goes on, if more may follow.
    pub next: Option<EventPlace>,
}

/// An event without its payload.
#[derive(Clone, Copy)]
struct Head {
    place: EventPlace,
    payload_bytes: usize,
}

impl Store {
    /// Reads an event.
    ///
    /// # Errors
    /// The database's.
    pub async fn event(
        &self,
        scope: &AccountScope,
        event_id: EventId,
    ) -> Result<Option<Event>, StoreError> {
        let mut query = events::Entity::find_by_id(event_id.as_uuid());
        if let Some(account) = scope.account() {
            query = query.filter(events::Column::AccountId.eq(account.as_str()));
        }
        query.one(self.connections.reader()).await?.map(row::event).transpose()
    }

    /// Lists events, newest first: those of one account by their publish time, those of all
    /// accounts by their ids. Payloads are read of those only that the page has room for.
    ///
    /// # Errors
    /// The database's.
    pub async fn events(&self, list: &EventList) -> Result<EventPage, StoreError> {
        let range = match list.scope.account() {
            Some(account) => of_account(list, account),
            None => of_all(list),
        };
        let looked_to = self.looked_to(list, &range).await?;
        let mut matching = range.limit(list.limit + 1);
        if !list.event_types.is_empty() {
            let types = list.event_types.iter().map(String::as_str);
            matching = matching.filter(events::Column::EventType.is_in(types));
        }
        if let Some(place) = looked_to {
            matching = matching.filter(is_up_to(list, place));
        }
        let heads = self.heads_of(matching).await?;
        let shown = shown(&heads, list);
        let last_shown = shown.last().filter(|_| shown.len() < heads.len());
        let next = last_shown.map(|last| last.place).or(looked_to);
        Ok(EventPage { events: self.whole(shown).await?, next })
    }

    /// How far a page looks that is filtered by what no index has, where that is not to the end.
    async fn looked_to(
        &self,
        list: &EventList,
        range: &Select<events::Entity>,
    ) -> Result<Option<EventPlace>, StoreError> {
        use events::Column;
        if list.event_types.is_empty() {
            return Ok(None);
        }
        let found: Option<(i64, Uuid)> = range
            .clone()
            .select_only()
            .columns([Column::PublishTime, Column::EventId])
            .offset(PAGE_LOOKS_MAX - 1)
            .into_tuple()
            .one(self.connections.reader())
            .await?;
        Ok(found.map(place))
    }

    async fn heads_of(&self, matching: Select<events::Entity>) -> Result<Vec<Head>, StoreError> {
        use events::Column;
        let rows: Vec<(i64, Uuid, i32)> = matching
            .select_only()
            .columns([Column::PublishTime, Column::EventId])
            .expr_as(Func::cust("LENGTH").arg(Expr::col(Column::Payload)), "payload_bytes")
            .into_tuple()
            .all(self.connections.reader())
            .await?;
        let head = |(time, id, bytes): (i64, Uuid, i32)| Head {
            place: place((time, id)),
            payload_bytes: usize::try_from(bytes).unwrap_or(0),
        };
        Ok(rows.into_iter().map(head).collect())
    }

    /// The events of these heads, in their order; without those that were deleted meanwhile.
    async fn whole(&self, heads: &[Head]) -> Result<Vec<Event>, StoreError> {
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let ids = || heads.iter().map(|head| head.place.event_id.as_uuid());
        let rows = events::Entity::find()
            .filter(events::Column::EventId.is_in(ids()))
            .all(self.connections.reader())
            .await?;
        let mut by_id: HashMap<_, _> = rows.into_iter().map(|row| (row.event_id, row)).collect();
        ids().filter_map(|id| by_id.remove(&id)).map(row::event).collect()
    }
}

/// The account's events of the range behind the place, in the order of their index.
fn of_account(list: &EventList, account: &AccountId) -> Select<events::Entity> {
    use events::Column;
    let mut range = events::Entity::find()
        .filter(Column::AccountId.eq(account.as_str()))
        .order_by_desc(Column::PublishTime)
        .order_by_desc(Column::EventId);
    if let Some(from) = list.from {
        range = range.filter(Column::PublishTime.gte(from.as_unix_nanos()));
    }
    match (list.after, list.before) {
        (Some(after), _) => {
            range = range
                // One bound on the time: of two the database may take the one that makes every
                // page begin at the newest.
                .filter(Column::PublishTime.lte(after.publish_time.as_unix_nanos()))
                .filter(time_and_id().lt(stored(after)));
        }
        (None, Some(before)) => {
            range = range.filter(Column::PublishTime.lt(before.as_unix_nanos()));
        }
        (None, None) => {}
    }
    range
}

/// The events of all accounts, in the order of their ids, which are bounds of their times.
fn of_all(list: &EventList) -> Select<events::Entity> {
    use events::Column;
    let mut range = events::Entity::find().order_by_desc(Column::EventId);
    if let Some(from) = list.from {
        let first = EventId::first_at(from - ID_TIME_OFF_MAX);
        range = range
            .filter(Column::EventId.gte(first.as_uuid()))
            .filter(Column::PublishTime.gte(from.as_unix_nanos()));
    }
    let end = list.before.map(|before| EventId::first_at(before + ID_TIME_OFF_MAX));
    if let Some(bound) = list.after.map(|after| after.event_id).or(end) {
        range = range.filter(Column::EventId.lt(bound.as_uuid()));
    }
    if let Some(before) = list.before {
        range = range.filter(Column::PublishTime.lt(before.as_unix_nanos()));
    }
    range
}

/// Whether a row stands at a place or before it, in the order of the listing.
fn is_up_to(list: &EventList, place: EventPlace) -> SimpleExpr {
    match list.scope {
        AccountScope::One(_) => time_and_id().gte(stored(place)),
        AccountScope::All => events::Column::EventId.gte(place.event_id.as_uuid()),
    }
}

fn time_and_id() -> SimpleExpr {
    Expr::tuple([events::Column::PublishTime, events::Column::EventId].map(Expr::col))
}

fn stored(place: EventPlace) -> SimpleExpr {
    let time = Expr::value(place.publish_time.as_unix_nanos());
    Expr::tuple([time, Expr::value(place.event_id.as_uuid())])
}

fn place((publish_time, event_id): (i64, Uuid)) -> EventPlace {
    EventPlace {
        publish_time: Timestamp::from_unix_nanos(publish_time),
        event_id: EventId::from_uuid(event_id),
    }
}

/// As many as were asked for and fit, but one at least.
fn shown<'a>(heads: &'a [Head], list: &EventList) -> &'a [Head] {
    let limit = usize::try_from(list.limit).unwrap_or(usize::MAX);
    let mut bytes: usize = 0;
    let fits = |head: &&Head| {
        bytes = bytes.saturating_add(head.payload_bytes);
        bytes <= list.payload_bytes_max
    };
    let fitting = heads.iter().take(limit).take_while(fits).count();
    &heads[..fitting.max(1).min(heads.len())]
}
