//! JSON text exactly as ECMAScript's `JSON.stringify(JSON.parse(text))` would write it.
//!
//! Receivers verify a body by parsing it and writing it again, so for every text B written here
//! `JSON.stringify(JSON.parse(B)) === B` holds in JavaScript. RFC 8785 is close, but sorts keys
//! such as `10` and `9` as text, which JavaScript does not.
//!
//! Which keys a body has, and how large it may be, is [`super::payload`]'s. Nothing is read here.

use std::cmp::Ordering;

/// Deepest nesting of arrays and objects within one value, `[]` being 1 deep: far more than event
/// data needs, and few enough levels of recursion, here and in receivers, for any stack.
pub const DEPTH_MAX: usize = 64;

/// Longest path in a [`ValueError`], in bytes: an answer's trailers must hold it.
const PATH_BYTES_MAX: usize = 256;

/// Largest array index (ECMA-262 section 6.1.7: 2^32 - 2).
const ARRAY_INDEX_MAX: u32 = u32::MAX - 1;

const HEX_DIGITS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// A JSON value.
///
/// Dropping, cloning or comparing one takes stack by its depth: whoever builds it from outside
/// input bounds that.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; NaN and the infinities are refused when it is written.
    Number(f64),
    /// A string.
    String(String),
    /// Values in their order.
    Array(Vec<Value>),
    /// Keys and their values; the order they are listed in means nothing.
    Object(Vec<(String, Value)>),
}

/// The number is NaN or infinite, which JSON has no form for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a finite number")]
pub struct NotFinite;

/// A part of a value cannot be written: refuse the value, and name the part to whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{problem}", .path, if .path.is_empty() { "" } else { ": " })]
pub struct ValueError {
    /// Where, such as `items[3].price` or `["two words"].price`; empty for the value itself. It is
    /// cut after 256 bytes and then ends in `…`.
    pub path: String,
    /// What is wrong there.
    pub problem: ValueProblem,
}

/// Why a value cannot be written; the text says what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// A number is NaN or infinite.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
    /// An array or object lies deeper than [`DEPTH_MAX`].
    #[error("must not be nested deeper than {DEPTH_MAX} arrays and objects")]
    TooDeep,
    /// The key was there before: JavaScript would keep one of the two.
    #[error("must be the only value with this key")]
    DuplicateKey,
    /// The key is `__proto__`, for which servers such as Fastify refuse a body.
    #[error("must have a key other than `__proto__`")]
    ProtoKey,
    /// The key is `constructor` and its object holds `prototype`, which is refused likewise.
    #[error("must not hold the key `prototype` in an object with the key `constructor`")]
    ConstructorPrototype,
}

/// Appends `text` as a string (ECMA-262 operation `QuoteJSONString`): `"` and `\` are escaped,
/// controls are by their short form or as lowercase `\u00xx`, all else stays as it is.
pub fn write_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_escaped) {
        out.push_str(&rest[..at]);
        push_escape(out, rest.as_bytes()[at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Appends `number` in its shortest form (ECMA-262 operation `Number::toString`): 150.00 as
/// `150`, 1e21 as `1e+21`, -0 as `0`.
///
/// # Errors
/// [`NotFinite`] for NaN and the infinities; nothing is appended then.
pub fn write_number(out: &mut String, number: f64) -> Result<(), NotFinite> {
    if !number.is_finite() {
        return Err(NotFinite);
    }
    out.push_str(ryu_js::Buffer::new().format_finite(number));
    Ok(())
}

/// Appends a whole number (ECMA-262 operation `Number::toString`).
pub fn write_integer(out: &mut String, number: i32) {
    out.push_str(ryu_js::Buffer::new().format_finite(f64::from(number)));
}

/// Appends `value` (ECMA-262 operation `SerializeJSONProperty`, without white space).
///
/// Keys that are array indices, `0` to `4294967294`, come first in numeric order, as in
/// `OrdinaryOwnPropertyKeys`; the others follow by UTF-16 code units.
///
/// # Errors
/// [`ValueError`] names the first part that cannot be written; nothing is appended then.
pub fn write_value(out: &mut String, value: &Value) -> Result<(), ValueError> {
    let length_before = out.len();
    let mut writer = ValueWriter { out, steps: Vec::new() };
    let written = writer.value(value).map_err(|problem| writer.error(problem));
    if written.is_err() {
        out.truncate(length_before);
    }
    written
}

/// Writes one value; `steps` leads from it to the part being written, and stays where a problem
/// was met.
struct ValueWriter<'out, 'value> {
    out: &'out mut String,
    steps: Vec<Step<'value>>,
}

/// One step from an array or object to a part of it.
#[derive(Clone, Copy, Debug)]
pub enum Step<'value> {
    /// To the item with this index, from 0.
    Item(usize),
    /// To the value with this key.
    Key(&'value str),
}

impl<'value> ValueWriter<'_, 'value> {
    fn value(&mut self, value: &'value Value) -> Result<(), ValueProblem> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => write_number(self.out, *number)?,
            Value::String(text) => write_string(self.out, text),
            // Each step leads out of one array or object, so there are as many around this one.
            Value::Array(_) | Value::Object(_) if self.steps.len() >= DEPTH_MAX => {
                return Err(ValueProblem::TooDeep);
            }
            Value::Array(items) => self.array(items)?,
            Value::Object(members) => self.object(members)?,
        }
        Ok(())
    }

    fn array(&mut self, items: &'value [Value]) -> Result<(), ValueProblem> {
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.steps.push(Step::Item(index));
            self.value(item)?;
            self.steps.pop();
        }
        self.out.push(']');
        Ok(())
    }

    fn object(&mut self, members: &'value [(String, Value)]) -> Result<(), ValueProblem> {
        self.out.push('{');
        let mut previous = None;
        for (key, value) in in_property_order(members) {
            if previous.is_some() {
                self.out.push(',');
            }
            self.steps.push(Step::Key(key));
            check_member(key, value, previous)?;
            write_string(self.out, key);
            self.out.push(':');
            self.value(value)?;
            self.steps.pop();
            previous = Some(key.as_str());
        }
        self.out.push('}');
        Ok(())
    }

    fn error(&self, problem: ValueProblem) -> ValueError {
        ValueError { path: path_text(&self.steps), problem }
    }
}

/// Refuses what JavaScript or a server written in it would not take over as it is.
fn check_member(key: &str, value: &Value, previous: Option<&str>) -> Result<(), ValueProblem> {
    match key {
        // Equal keys are neighbours once they are in order.
        _ if previous == Some(key) => Err(ValueProblem::DuplicateKey),
        "__proto__" => Err(ValueProblem::ProtoKey),
        "constructor" if has_key(value, "prototype") => Err(ValueProblem::ConstructorPrototype),
        _ => Ok(()),
    }
}

fn has_key(value: &Value, wanted: &str) -> bool {
    matches!(value, Value::Object(members) if members.iter().any(|(key, _)| key == wanted))
}

fn in_property_order(members: &[(String, Value)]) -> Vec<&(String, Value)> {
    let mut ordered: Vec<_> = members.iter().collect();
    ordered.sort_unstable_by(|(a, _), (b, _)| compare_keys(a, b));
    ordered
}

fn compare_keys(a: &str, b: &str) -> Ordering {
    match (array_index(a), array_index(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.encode_utf16().cmp(b.encode_utf16()),
    }
}

/// The array index that `key` is the canonical text of (ECMA-262 section 6.1.7).
fn array_index(key: &str) -> Option<u32> {
    let canonical = match key.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return None;
    }
    key.parse().ok().filter(|index| *index <= ARRAY_INDEX_MAX)
}

/// The path to a part of a value, as in [`ValueError::path`].
#[must_use]
pub fn path_text(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Item(index) => path.extend(["[", &index.to_string(), "]"]),
            Step::Key(key) if is_plain(key) && path.is_empty() => path.push_str(key),
            Step::Key(key) if is_plain(key) => path.extend([".", key]),
            Step::Key(key) => {
                path.push('[');
                write_string(&mut path, key);
                path.push(']');
            }
        }
    }
    if path.len() > PATH_BYTES_MAX {
        path.truncate(path.floor_char_boundary(PATH_BYTES_MAX));
        path.push('…');
    }
    path
}

/// Whether the key can stand in a path without quotes.
fn is_plain(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f)
}

fn push_escape(out: &mut String, byte: u8) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        0x0c => out.push_str("\\f"),
        b'\r' => out.push_str("\\r"),
        control => {
            out.push_str("\\u00");
            out.extend([control >> 4, control & 0xf].map(|digit| HEX_DIGITS[usize::from(digit)]));
        }
    }
}

#[cfg(test)]
mod tests;
