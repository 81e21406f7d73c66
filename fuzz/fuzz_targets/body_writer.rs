//! Whatever value a body holds: it is refused, or written so that reading and writing it again
//! gives the same bytes.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bookora_webhooks::domain::json::{Value, write_value};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

/// Deeper than may be written.
const DEPTH_MAX: usize = 70;

#[derive(Debug)]
struct Any(Value);

impl<'a> Arbitrary<'a> for Any {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        value(u, 0).map(Self)
    }
}

fn value(u: &mut Unstructured, depth: usize) -> arbitrary::Result<Value> {
    let kinds = if depth < DEPTH_MAX { 7 } else { 5 };
    Ok(match u.int_in_range(0..=kinds)? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2 => Value::Number(u.arbitrary()?),
        // Where whole numbers and powers of ten are: rare among all bits.
        3 => Value::Number(f64::from(u.arbitrary::<i32>()?)),
        4 => {
            Value::Number(f64::from(u.arbitrary::<i16>()?) * 10_f64.powi(u.int_in_range(-30..=30)?))
        }
        5 => Value::String(u.arbitrary()?),
        6 => {
            let count = u.int_in_range(0..=4)?;
            let items = (0..count).map(|_| value(u, depth + 1));
            Value::Array(items.collect::<arbitrary::Result<_>>()?)
        }
        _ => {
            let count = u.int_in_range(0..=4)?;
            let entries = (0..count).map(|_| Ok((key(u)?, value(u, depth + 1)?)));
            Value::Object(entries.collect::<arbitrary::Result<_>>()?)
        }
    })
}

fn key(u: &mut Unstructured) -> arbitrary::Result<String> {
    Ok(match u.int_in_range(0..=3)? {
        0 => u.arbitrary::<u32>()?.to_string(),
        1 => u.arbitrary::<u64>()?.to_string(),
        2 => (*u.choose(&["__proto__", "constructor", "prototype", "01", "-0", "1e3"])?).to_owned(),
        _ => u.arbitrary()?,
    })
}

fn back(read: serde_json::Value) -> Value {
    match read {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(bool) => Value::Bool(bool),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().expect("a double")),
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(items) => Value::Array(items.into_iter().map(back).collect()),
        serde_json::Value::Object(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key, back(value))).collect())
        }
    }
}

fuzz_target!(|any: Any| {
    let mut written = String::from("before");
    if write_value(&mut written, &any.0).is_err() {
        assert_eq!(written, "before", "what is refused leaves nothing");
        return;
    }
    let text = &written["before".len()..];
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let read = serde_json::Value::deserialize(&mut reader).expect("it is JSON");
    reader.end().expect("and nothing else");
    let mut again = String::new();
    write_value(&mut again, &back(read)).expect("it was written once");
    assert_eq!(text, again);
});
