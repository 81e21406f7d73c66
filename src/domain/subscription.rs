//! Which events an endpoint wants: exact names, groups such as `booking.*`, or all.

use super::event::EventType;
use super::type_name::CustomTypes;

/// Most entries of a subscription: more than there are types, with room for types to come.
pub const SUBSCRIPTION_ENTRIES_MAX: usize = 100;

/// A checked list of names and groups; empty means every event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription(Vec<String>);

/// An entry of the list matches no event type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an event type such as booking.created or a group such as booking.*; ListEventTypes lists the types"
)]
pub struct InvalidEntry {
    /// The entry's place in the list, from 0.
    pub index: usize,
}

impl Subscription {
    /// Checks each entry against the types there are, those that are built in and those that are
    /// allowed besides; repeated entries are kept once.
    ///
    /// # Errors
    /// [`InvalidEntry`] for the first entry that matches no event type.
    pub fn parse(entries: &[String], custom: &CustomTypes) -> Result<Self, InvalidEntry> {
        let mut kept: Vec<String> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let matches = |parsed: Entry<'_>| {
                EventType::ALL.iter().any(|event_type| parsed.matches(event_type.name()))
                    || custom.reach(parsed)
            };
            if !Entry::parse(entry).is_some_and(matches) {
                return Err(InvalidEntry { index });
            }
            if !kept.contains(entry) {
                kept.push(entry.clone());
            }
        }
        Ok(Self(kept))
    }

    /// Takes over a list that was checked before it was stored.
    #[must_use]
    pub fn stored(entries: Vec<String>) -> Self {
        Self(entries)
    }

    /// Whether events of the type named `event_type` are wanted.
    #[must_use]
    pub fn wants(&self, event_type: &str) -> bool {
        self.parsed().any(|entry| entry.matches(event_type))
    }

    /// What the entries mean; a list that is empty means all, and is one group without a name.
    pub fn parsed(&self) -> impl Iterator<Item = Entry<'_>> {
        let all = self.0.is_empty().then_some(Entry::Group(""));
        all.into_iter().chain(self.0.iter().filter_map(|entry| Entry::parse(entry)))
    }

    /// The entries, as they were given.
    #[must_use]
    pub fn entries(&self) -> &[String] {
        &self.0
    }
}

/// What one entry of a subscription means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The type with this name.
    Name(&'a str),
    /// The types whose names begin so, up to and including the dot.
    Group(&'a str),
}

impl<'a> Entry<'a> {
    fn parse(entry: &'a str) -> Option<Self> {
        match entry.strip_suffix('*') {
            Some(group) if group.len() > 1 && group.ends_with('.') => Some(Self::Group(group)),
            Some(_) => None,
            None => Some(Self::Name(entry)),
        }
    }

    /// Whether the type with this name is meant.
    #[must_use]
    pub fn matches(self, event_type: &str) -> bool {
        match self {
            Self::Name(name) => event_type == name,
            Self::Group(group) => event_type.starts_with(group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entries: &[&str]) -> Result<Subscription, InvalidEntry> {
        parse_with(entries, "")
    }

    fn parse_with(entries: &[&str], custom: &str) -> Result<Subscription, InvalidEntry> {
        let entries: Vec<_> = entries.iter().map(ToString::to_string).collect();
        Subscription::parse(&entries, &custom.parse().unwrap())
    }

    #[test]
    fn names_and_groups_match_and_an_empty_list_matches_all() {
        let some = parse(&["booking.*", "review.created", "booking.*"]).unwrap();
        assert_eq!(some.entries(), ["booking.*", "review.created"]);
        assert!(some.wants("booking.created") && some.wants("review.created"));
        assert!(!some.wants("customer.created") && !some.wants("booking"));
        assert!(Subscription::default().wants("lead.qualified"));
    }

    #[test]
    fn entries_that_match_nothing_are_refused() {
        for entry in
            ["", "*", ".*", "booking", "booking*", "bookings.*", "booking.deleted", "*.created"]
        {
            assert_eq!(
                parse(&["booking.created", entry]),
                Err(InvalidEntry { index: 1 }),
                "{entry}"
            );
        }
    }

    #[test]
    fn custom_types_are_subscribed_to_where_they_are_allowed_and_stay_wanted() {
        let entries = ["booking.*", "invoice.paid", "crm.*"];
        let some = parse_with(&entries, "invoice.paid,crm.contact.*").unwrap();
        assert!(some.wants("invoice.paid") && some.wants("crm.contact.merged"));
        assert!(some.wants("booking.archived") && !some.wants("invoice.void"));
        assert_eq!(parse_with(&entries, "crm.contact.*"), Err(InvalidEntry { index: 1 }));
        assert_eq!(parse(&entries), Err(InvalidEntry { index: 1 }));
        let stored = Subscription::stored(some.entries().to_vec());
        assert!(stored.wants("invoice.paid"), "whatever is allowed by now");
    }
}
