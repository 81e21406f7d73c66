//! What a caller has seen of the service: ids, tokens and etags, to be sent back in all the wrong
//! places too.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, Value};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Of each kind and owner so many are remembered; a new one takes the place of any of them.
const REMEMBERED_MAX: usize = 16;

/// What was seen, by owner and kind. The kind is the prefix of an id, or the name of a field; the
/// owner of a secret is its endpoint, that of all else its account.
#[derive(Default)]
pub struct Known(BTreeMap<(String, String), Vec<String>>);

impl Known {
    /// One of a kind that the owner has, if any was seen.
    pub fn any(&self, owner: &str, kind: &str, random: &mut StdRng) -> Option<&String> {
        self.0.get(&(owner.to_owned(), kind.to_owned()))?.choose(random)
    }

    /// One of any kind and owner.
    pub fn any_at_all(&self, random: &mut StdRng) -> Option<&String> {
        let kept: Vec<_> = self.0.values().collect();
        kept.choose(random)?.choose(random)
    }

    /// Remembers all that a message says, which is the owner's where it names no other.
    pub fn learn(&mut self, message: &DynamicMessage, owner: &str, random: &mut StdRng) {
        let named = |field| {
            let value = message.get_field_by_name(field)?;
            value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        };
        let owner = named("account_id").unwrap_or_else(|| owner.to_owned());
        for (field, value) in message.fields() {
            let of_endpoint = (field.name() == "secrets").then(|| named("endpoint_id")).flatten();
            self.learn_value(field.name(), value, &of_endpoint.unwrap_or(owner.clone()), random);
        }
    }

    fn learn_value(&mut self, field: &str, value: &Value, owner: &str, random: &mut StdRng) {
        match value {
            Value::Message(message) => self.learn(message, owner, random),
            Value::List(values) => {
                for value in values {
                    self.learn_value(field, value, owner, random);
                }
            }
            Value::String(text) => {
                if let Some(kind) = kind(field, text) {
                    self.remember(owner, kind, text, random);
                }
            }
            _ => {}
        }
    }

    /// Remembers one of a kind.
    pub fn remember(&mut self, owner: &str, kind: &str, text: &str, random: &mut StdRng) {
        let kept = self.0.entry((owner.to_owned(), kind.to_owned())).or_default();
        if kept.iter().any(|known| known == text) {
            return;
        }
        if kept.len() < REMEMBERED_MAX {
            kept.push(text.to_owned());
        } else {
            let place = random.random_range(0..REMEMBERED_MAX);
            text.clone_into(&mut kept[place]);
        }
    }
}

/// Which kind a field's text is: what it can be handed back as.
fn kind<'a>(field: &'a str, text: &'a str) -> Option<&'a str> {
    match field {
        "etag" => Some(field),
        // Every kind of token into every field for tokens.
        _ if field.ends_with("_token") && !text.is_empty() => Some("token"),
        _ if field.ends_with("_id") => {
            let (prefix, _) = text.split_once('_')?;
            ["att", "dlv", "ep", "evt", "rcv", "sec"].contains(&prefix).then_some(prefix)
        }
        _ => None,
    }
}
