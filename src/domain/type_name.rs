//! The names of event types: those that are built in, and those that an operator adds, by name or
//! by a group such as `invoice.*`.
//!
//! A name that is stored stays one, whatever the operator adds or removes later; what may be
//! published and subscribed to is [`CustomTypes`]'s.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::event::EventType;
use super::subscription::Entry;

/// Longest name of a custom type, in bytes: it is a header's value, and in an index of the store.
const NAME_BYTES_MAX: usize = 64;
/// Most names and groups that an operator lists: a publish looks through the groups.
const CUSTOM_TYPES_MAX: usize = 200;

/// The name of an event's type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeName {
    /// One that is built in.
    BuiltIn(EventType),
    /// One that an operator has added.
    Custom(CustomType),
}

impl TypeName {
    /// The name in payloads, headers and subscriptions.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(event_type) => event_type.name(),
            Self::Custom(custom) => custom.as_str(),
        }
    }
}

impl From<EventType> for TypeName {
    fn from(event_type: EventType) -> Self {
        Self::BuiltIn(event_type)
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for TypeName {
    type Err = InvalidCustomType;

    /// Reads any name that a type could have; whether it exists is not asked.
    fn from_str(name: &str) -> Result<Self, InvalidCustomType> {
        match name.parse() {
            Ok(event_type) => Ok(Self::BuiltIn(event_type)),
            Err(_) => name.parse().map(Self::Custom),
        }
    }
}

/// The name of a type that is not built in: two or more words joined by dots, at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomType(Arc<str>);

/// The text names no custom type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomType {
    /// It is not formed like the name of a type.
    #[error(
        "must be two or more words of a-z, 0-9 and _, each beginning with a letter, joined by \
         dots, such as invoice.paid; at most {NAME_BYTES_MAX} bytes"
    )]
    Malformed,
    /// It is the name of a type that is built in.
    #[error("must not be the name of a type that is built in")]
    BuiltIn,
}

impl CustomType {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CustomType {
    type Err = InvalidCustomType;

    fn from_str(name: &str) -> Result<Self, InvalidCustomType> {
        if !name.contains('.') || !is_dotted(name) {
            Err(InvalidCustomType::Malformed)
        } else if name.parse::<EventType>().is_ok() {
            Err(InvalidCustomType::BuiltIn)
        } else {
            Ok(Self(name.into()))
        }
    }
}

/// Whether these are words joined by dots, in the length of a name.
fn is_dotted(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    text.len() <= NAME_BYTES_MAX && text.split('.').all(is_word)
}

/// The custom types that an operator allows. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomTypes(Arc<Allowed>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Allowed {
    names: BTreeSet<CustomType>,
    /// What the names of a group begin with, up to and including the dot.
    groups: BTreeSet<String>,
}

/// The list allows nothing that makes sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCustomTypes {
    /// An entry is no name of a custom type.
    #[error("`{entry}` {problem}; or a group such as invoice.*")]
    Entry {
        /// The entry.
        entry: String,
        /// What is wrong with it.
        problem: InvalidCustomType,
    },
    /// There are too many.
    #[error("must have at most {CUSTOM_TYPES_MAX} entries, has {0}")]
    TooMany(usize),
}

impl CustomTypes {
    /// Whether events of this type may be published.
    #[must_use]
    pub fn allow(&self, name: &CustomType) -> bool {
        let is_in = |group: &String| name.as_str().starts_with(group);
        self.0.names.contains(name) || self.0.groups.iter().any(is_in)
    }

    /// The types that are allowed by their own names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &CustomType> {
        self.0.names.iter()
    }

    /// Whether a subscription's entry matches a type that may be published.
    #[must_use]
    pub fn reach(&self, entry: Entry<'_>) -> bool {
        match entry {
            Entry::Name(name) => name.parse().is_ok_and(|name| self.allow(&name)),
            Entry::Group(group) => {
                let is_dotted = group.strip_suffix('.').is_some_and(is_dotted);
                let meets = |other: &String| other.starts_with(group) || group.starts_with(other);
                is_dotted
                    && (self.0.names.iter().any(|name| entry.matches(name.as_str()))
                        || self.0.groups.iter().any(meets))
            }
        }
    }
}

impl FromStr for CustomTypes {
    type Err = InvalidCustomTypes;

    /// Reads names and groups that are separated by commas.
    fn from_str(text: &str) -> Result<Self, InvalidCustomTypes> {
        let entries: Vec<&str> =
            text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
        if entries.len() > CUSTOM_TYPES_MAX {
            return Err(InvalidCustomTypes::TooMany(entries.len()));
        }
        let mut allowed = Allowed::default();
        for entry in entries {
            match entry.strip_suffix(".*") {
                Some(group) if is_dotted(group) => {
                    allowed.groups.insert(format!("{group}."));
                }
                _ => {
                    let invalid =
                        |problem| InvalidCustomTypes::Entry { entry: entry.to_owned(), problem };
                    allowed.names.insert(entry.parse().map_err(invalid)?);
                }
            }
        }
        Ok(Self(Arc::new(allowed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(list: &str) -> CustomTypes {
        list.parse().unwrap_or_else(|error| panic!("{list}: {error}"))
    }

    #[test]
    fn a_name_is_words_joined_by_dots_and_not_one_that_is_built_in() {
        let longest = format!("a.{}", "b".repeat(62));
        for name in ["invoice.paid", "a.b", "no_show.excused", "crm.contact.merged_2", &longest] {
            assert_eq!(name.parse::<CustomType>().unwrap().as_str(), name);
            assert_eq!(name.parse::<TypeName>().unwrap().to_string(), name);
        }
        let too_long = format!("{longest}b");
        for name in [
            "", "invoice", ".", "a.", ".a", "a..b", "a.b.", "A.b", "a.B", "a b.c", "a.1", "1.a",
            "_a.b", "a.é", "a.*", "*", "a.b\n", "a.b,c.d", "a.b-c", &too_long,
        ] {
            assert_eq!(name.parse::<CustomType>(), Err(InvalidCustomType::Malformed), "{name}");
            assert_eq!(name.parse::<TypeName>(), Err(InvalidCustomType::Malformed), "{name}");
        }
        for event_type in EventType::ALL {
            let name = event_type.name();
            assert_eq!(name.parse::<CustomType>(), Err(InvalidCustomType::BuiltIn));
            assert_eq!(name.parse(), Ok(TypeName::BuiltIn(event_type)));
        }
    }

    #[test]
    fn a_list_allows_its_names_and_what_is_in_its_groups() {
        let list = types(" invoice.paid , crm.*,,booking.archived,a.b.* ");
        let allows = |name: &str| list.allow(&name.parse().unwrap());
        for name in
            ["invoice.paid", "crm.synced", "crm.contact.merged", "booking.archived", "a.b.c"]
        {
            assert!(allows(name), "{name}");
        }
        for name in ["invoice.paid_late", "invoice.void", "crms.synced", "booking.deleted", "a.b"] {
            assert!(!allows(name), "{name}");
        }
        let names: Vec<_> = list.names().map(CustomType::as_str).collect();
        assert_eq!(names, ["booking.archived", "invoice.paid"]);
        assert!(!types("").allow(&"invoice.paid".parse().unwrap()));
    }

    #[test]
    fn a_list_that_makes_no_sense_is_refused_with_its_entry() {
        for list in ["invoice", "*", ".*", "invoice.*.*", "invoice.paid,Crm.*", "a.b;c.d"] {
            assert!(list.parse::<CustomTypes>().is_err(), "{list}");
        }
        let built_in = "a.b,booking.created".parse::<CustomTypes>().unwrap_err().to_string();
        assert!(built_in.starts_with("`booking.created` must not be"), "{built_in}");
        let many = vec!["a.b"; CUSTOM_TYPES_MAX + 1].join(",");
        assert_eq!(many.parse::<CustomTypes>(), Err(InvalidCustomTypes::TooMany(201)));
        assert!(vec!["a.b"; CUSTOM_TYPES_MAX].join(",").parse::<CustomTypes>().is_ok());
    }

    #[test]
    fn an_entry_reaches_what_is_allowed_and_nothing_else() {
        let list = types("invoice.paid,crm.contact.*");
        for entry in [
            Entry::Name("invoice.paid"),
            Entry::Name("crm.contact.merged"),
            Entry::Group("invoice."),
            Entry::Group("crm."),
            Entry::Group("crm.contact."),
            Entry::Group("crm.contact.phone."),
        ] {
            assert!(list.reach(entry), "{entry:?}");
        }
        for entry in [
            Entry::Name("invoice.void"),
            Entry::Name("invoice"),
            Entry::Name("booking.created"),
            Entry::Group("crm.deal."),
            Entry::Group("invoice.paid."),
            Entry::Group("crm.contact.*."),
            Entry::Group("."),
            Entry::Group("c."),
        ] {
            assert!(!list.reach(entry), "{entry:?}");
        }
    }
}
