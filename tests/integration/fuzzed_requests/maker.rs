//! Makes random requests of the contract's messages: mostly such as a client could mean, so that
//! they get far, with values from the edges in between.

use std::collections::HashMap;

use bytes::{BufMut, Bytes};
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::known::Known;
use super::plausible::Subject;
use super::{ACCOUNTS, edges, plausible};

/// How deep messages are nested where they may be nested without end.
const DEPTH_MAX: usize = 6;
/// Beyond what decoders take (100), once in a while.
const DEPTH_TOO_MUCH: usize = 120;
/// Bytes of a request: more are refused, and their making takes long.
const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What requests are made from.
pub struct Maker {
    /// Decides everything.
    pub random: StdRng,
    /// What was seen so far.
    pub known: Known,
    /// How likely a value is one from the edges, for the request that is being made.
    edginess: f64,
    depth_max: usize,
    subject: Subject,
}

impl Maker {
    /// A maker that has seen nothing yet.
    pub fn new(random: StdRng) -> Self {
        Self {
            random,
            known: Known::default(),
            edginess: 0.0,
            depth_max: DEPTH_MAX,
            subject: Subject::default(),
        }
    }

    /// A request: its message, and its bytes, which may say more than the message can.
    pub fn request(&mut self, input: &MessageDescriptor) -> (DynamicMessage, Bytes) {
        self.edginess = *[0.0, 0.0, 0.03, 0.3].choose(&mut self.random).expect("not empty");
        self.depth_max = if self.happens(0.01) { DEPTH_TOO_MUCH } else { DEPTH_MAX };
        let account_id = *ACCOUNTS.choose(&mut self.random).expect("not empty");
        self.subject = Subject::of(account_id);
        let message = loop {
            let message = self.message(input, 0);
            if message.encoded_len() <= REQUEST_BYTES_MAX {
                break message;
            }
            self.edginess = 0.0;
        };
        let mut bytes = message.encode_to_vec();
        if self.happens(0.02) {
            // The same once more: lists double, the rest stays (protobuf's rules of merging).
            bytes.extend_from_within(..);
        }
        if self.happens(0.05) {
            edges::put_unknown_field(&mut bytes, &mut self.random);
        }
        if self.happens(0.02) {
            edges::put_text_that_is_none(&mut bytes, input, &mut self.random);
        }
        (message, bytes.into())
    }

    /// The account that the last request was about.
    pub fn account_id(&self) -> &str {
        &self.subject.account_id
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    fn message(&mut self, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        if let Some(time) = plausible::time(of.full_name(), self.edginess, &mut self.random) {
            message.set_field_by_name("seconds", Value::I64(time.0));
            message.set_field_by_name("nanos", Value::I32(time.1));
            return message;
        }
        let chosen: Vec<_> = of
            .oneofs()
            .filter(|oneof| !oneof.is_synthetic())
            .filter_map(|oneof| {
                oneof.fields().collect::<Vec<_>>().choose(&mut self.random).cloned()
            })
            .collect();
        for field in of.fields() {
            let is_in_oneof = field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
            let is_set = if is_in_oneof {
                chosen.contains(&field) && self.happens(0.98)
            } else {
                let probability = plausible::presence(field.name());
                self.happens(probability + (0.5 - probability) * self.edginess)
            };
            let is_too_deep = depth >= self.depth_max && matches!(field.kind(), Kind::Message(_));
            if is_set && !is_too_deep {
                let value = self.field(&field, depth);
                message.set_field(&field, value);
            }
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        if field.is_map() {
            return self.map(field, depth);
        }
        if !field.is_list() {
            return self.value(field, depth);
        }
        let is_small = !matches!(field.kind(), Kind::Message(_));
        let count = if depth > DEPTH_MAX {
            1
        } else if self.happens(self.edginess * 0.3) {
            let counts: &[usize] =
                if is_small { &[0, 11, 100, 101, 600] } else { &[0, 11, 40, 501] };
            *counts.choose(&mut self.random).expect("not empty")
        } else {
            self.random.random_range(1..=3)
        };
        Value::List((0..count).map(|_| self.value(field, depth)).collect())
    }

    fn map(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        let Kind::Message(entry) = field.kind() else { unreachable!("a map has entries") };
        let value = entry.map_entry_value_field();
        let mut map = HashMap::new();
        let count = if self.happens(self.edginess * 0.3) { 21 } else { 1 };
        for place in 0..count {
            let key = if self.happens(self.edginess) {
                edges::text(&self.known, &mut self.random)
            } else {
                format!("X-Shop-{place}")
            };
            map.insert(MapKey::String(key), self.value(&value, depth));
        }
        Value::Map(map)
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        let is_edge = self.happens(self.edginess);
        let random = &mut self.random;
        match field.kind() {
            Kind::Message(message) => Value::Message(self.message(&message, depth + 1)),
            Kind::String if is_edge => Value::String(edges::text(&self.known, random)),
            Kind::String => {
                Value::String(plausible::text(field, &mut self.subject, &self.known, random))
            }
            Kind::Enum(_) if is_edge => Value::EnumNumber(edges::int(random)),
            Kind::Enum(of) => {
                let values: Vec<_> = of.values().map(|value| value.number()).collect();
                Value::EnumNumber(*values.choose(random).expect("an enum has values"))
            }
            Kind::Double if is_edge => Value::F64(edges::double(random)),
            Kind::Double => Value::F64(random.random_range(0.0..1_000.0)),
            Kind::Float if is_edge => Value::F32(f32::NAN),
            Kind::Float => Value::F32(random.random_range(0.0..1_000.0)),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 if is_edge => {
                Value::I32(edges::int(random))
            }
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(random.random_range(0..=5)),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 if is_edge => {
                Value::I64(edges::seconds(random))
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(random.random_range(0..=5)),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(random.random_range(0..=5)),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(random.random_range(0..=5)),
            Kind::Bool => Value::Bool(random.random_bool(0.5)),
            Kind::Bytes => {
                let mut bytes = Vec::new();
                bytes.put_bytes(random.random(), random.random_range(0..64));
                Value::Bytes(bytes.into())
            }
        }
    }
}
