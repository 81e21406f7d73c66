//! Reads a `google.protobuf.Struct` from its encoded form, level by level: to a depth of our own,
//! and with the place of whatever cannot be read.
//!
//! What may be written is `domain::json`'s.

use bytes::Bytes;
use prost::{Message, Oneof};

use crate::domain::json::{self, DEPTH_MAX, Step, Value};

/// A part of the struct is no value of JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct UnreadableStruct {
    /// Where, such as `items[3].price`; empty for the struct itself.
    pub path: String,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("must be the encoding of a google.protobuf.Struct")]
    Malformed,
    #[error("must have its kind set: null_value for null")]
    NoKind,
}

/// Where a problem is, from the inside out.
struct Unreadable {
    problem: Problem,
    outward: Vec<Place>,
}

enum Place {
    Item(usize),
    Key(String),
}

impl Unreadable {
    fn at(mut self, place: Place) -> Self {
        self.outward.push(place);
        self
    }

    fn into_error(self) -> UnreadableStruct {
        let steps = self.outward.iter().rev().map(|place| match place {
            Place::Item(index) => Step::Item(*index),
            Place::Key(key) => Step::Key(key),
        });
        UnreadableStruct {
            path: json::path_text(&steps.collect::<Vec<_>>()),
            problem: self.problem,
        }
    }
}

impl From<Problem> for Unreadable {
    fn from(problem: Problem) -> Self {
        Self { problem, outward: Vec::new() }
    }
}

impl From<prost::DecodeError> for Unreadable {
    fn from(_: prost::DecodeError) -> Self {
        Problem::Malformed.into()
    }
}

/// One level of a `google.protobuf.Struct`: what its values are is left encoded.
#[derive(Clone, PartialEq, Message)]
struct Struct {
    #[prost(message, repeated, tag = "1")]
    fields: Vec<Field>,
}

/// An entry of the map `google.protobuf.Struct.fields`.
#[derive(Clone, PartialEq, Message)]
struct Field {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// A `google.protobuf.Value`.
#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Kind {
    #[prost(int32, tag = "1")]
    Null(i32),
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(string, tag = "3")]
    String(String),
    #[prost(bool, tag = "4")]
    Bool(bool),
    #[prost(bytes = "bytes", tag = "5")]
    Struct(Bytes),
    #[prost(bytes = "bytes", tag = "6")]
    List(Bytes),
}

/// One level of a `google.protobuf.ListValue`.
#[derive(Clone, PartialEq, Message)]
struct List {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    values: Vec<Bytes>,
}

/// Reads a struct: an object. What is nested deeper than [`DEPTH_MAX`] is not read; there the value
/// has something that cannot be written either.
///
/// # Errors
/// [`UnreadableStruct`] names the first part that is no value.
pub fn read(encoded: &Bytes) -> Result<Value, UnreadableStruct> {
    object(encoded, 1).map_err(Unreadable::into_error)
}

/// An object that is the `depth`-th around itself.
fn object(encoded: &Bytes, depth: usize) -> Result<Value, Unreadable> {
    if depth > DEPTH_MAX {
        return Ok(Value::Object(Vec::new()));
    }
    let level = Struct::decode(encoded.clone())?;
    let read = |field: Field| match value(&field.value, depth) {
        Ok(value) => Ok((field.key, value)),
        Err(unreadable) => Err(unreadable.at(Place::Key(field.key))),
    };
    level.fields.into_iter().map(read).collect::<Result<_, _>>().map(Value::Object)
}

fn array(encoded: &Bytes, depth: usize) -> Result<Value, Unreadable> {
    if depth > DEPTH_MAX {
        return Ok(Value::Array(Vec::new()));
    }
    let level = List::decode(encoded.clone())?;
    let read =
        |(index, item)| value(item, depth).map_err(|unreadable| unreadable.at(Place::Item(index)));
    level.values.iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::Array)
}

/// A value within `depth` arrays and objects.
fn value(encoded: &Bytes, depth: usize) -> Result<Value, Unreadable> {
    let value = AnyValue::decode(encoded.clone())?;
    match value.kind.ok_or(Problem::NoKind)? {
        Kind::Null(_) => Ok(Value::Null),
        Kind::Number(number) => Ok(Value::Number(number)),
        Kind::String(text) => Ok(Value::String(text)),
        Kind::Bool(bool) => Ok(Value::Bool(bool)),
        Kind::Struct(encoded) => object(&encoded, depth + 1),
        Kind::List(encoded) => array(&encoded, depth + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use prost_types::value::Kind as Theirs;

    use super::*;

    fn of(kind: Theirs) -> prost_types::Value {
        prost_types::Value { kind: Some(kind) }
    }

    fn list(values: Vec<prost_types::Value>) -> prost_types::Value {
        of(Theirs::ListValue(prost_types::ListValue { values }))
    }

    fn structure<const N: usize>(fields: [(&str, prost_types::Value); N]) -> prost_types::Struct {
        let fields = fields.map(|(key, value)| (key.to_owned(), value));
        prost_types::Struct { fields: BTreeMap::from(fields) }
    }

    fn read_back(encoded: &prost_types::Struct) -> Result<Value, UnreadableStruct> {
        read(&encoded.encode_to_vec().into())
    }

    /// The same value, the other way round.
    fn theirs(value: &Value) -> prost_types::Value {
        of(match value {
            Value::Null => Theirs::NullValue(0),
            Value::Bool(bool) => Theirs::BoolValue(*bool),
            Value::Number(number) => Theirs::NumberValue(*number),
            Value::String(text) => Theirs::StringValue(text.clone()),
            Value::Array(items) => {
                let values = items.iter().map(theirs).collect();
                Theirs::ListValue(prost_types::ListValue { values })
            }
            Value::Object(members) => Theirs::StructValue(prost_types::Struct {
                fields: members.iter().map(|(key, value)| (key.clone(), theirs(value))).collect(),
            }),
        })
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<f64>()
                .prop_filter("equal to itself", |number| !number.is_nan())
                .prop_map(Value::Number),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(8, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_protobuf_encodes_is_read_as_it_was(
            members in prop::collection::btree_map(any::<String>(), any_value(), 0..8)
        ) {
            let value = Value::Object(members.into_iter().collect());
            let Some(Theirs::StructValue(encoded)) = theirs(&value).kind else { unreachable!() };
            prop_assert_eq!(read_back(&encoded), Ok(value));
        }

        #[test]
        fn bytes_that_are_no_struct_are_refused_or_read_and_never_more(bytes: Vec<u8>) {
            if let Ok(value) = read(&bytes.into()) {
                prop_assert!(matches!(value, Value::Object(_)));
            }
        }
    }

    #[test]
    fn what_lies_too_deep_is_not_read_and_cannot_be_written() {
        let nested = |depth: usize| {
            let inner = (2..depth)
                .fold(structure([]), |inner, _| structure([("k", of(Theirs::StructValue(inner)))]));
            structure([("a", list(vec![of(Theirs::StructValue(inner))]))])
        };
        for (depth, fits) in [(DEPTH_MAX, true), (DEPTH_MAX + 1, false), (300, false)] {
            // One deeper than its structs: there is a list among them.
            let value = read_back(&nested(depth - 1)).expect("it is read as far as it may go");
            let written = json::write_value(&mut String::new(), &value);
            assert_eq!(written.is_ok(), fits, "{depth}");
        }
    }

    #[test]
    fn a_value_without_a_kind_is_named_by_its_path() {
        let unset = || prost_types::Value { kind: None };
        let items = list(vec![of(Theirs::BoolValue(true)), unset()]);
        let error = read_back(&structure([("items", items)])).unwrap_err();
        assert_eq!((error.path.as_str(), error.problem), ("items[1]", Problem::NoKind));
        let inner = of(Theirs::StructValue(structure([("b c", unset())])));
        assert_eq!(read_back(&structure([("a", inner)])).unwrap_err().path, "a[\"b c\"]");
    }

    #[test]
    fn bytes_that_are_no_value_are_named_by_their_path() {
        let fields = vec![Field { key: "a".to_owned(), value: Bytes::from_static(b"\x11\x01") }];
        let error = read(&Struct { fields }.encode_to_vec().into()).unwrap_err();
        assert_eq!((error.path.as_str(), error.problem), ("a", Problem::Malformed));
        assert_eq!(read(&Bytes::from_static(b"\x0a\xff")).unwrap_err().path, "");
    }
}
