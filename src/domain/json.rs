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

#[derive(Clone, Copy)]
enum Step<'value> {
    Item(usize),
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

fn path_text(steps: &[Step<'_>]) -> String {
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: &Value) -> Result<String, ValueError> {
        let mut out = String::new();
        write_value(&mut out, value).map(|()| out)
    }

    fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
        Value::Object(members.map(|(key, value)| (key.to_owned(), value)).to_vec())
    }

    fn nested(depth: usize) -> Value {
        (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn numbers_are_written_as_number_to_string_does() {
        for (number, text) in [
            (150.0, "150"),
            (150.5, "150.5"),
            (0.0, "0"),
            (-0.0, "0"),
            (-1.0, "-1"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (999_999_999_999_999_900_000.0, "999999999999999900000"),
            (1e21, "1e+21"),
            (-1.25e21, "-1.25e+21"),
            (5e-324, "5e-324"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            let mut out = String::new();
            assert_eq!(write_number(&mut out, number), Ok(()), "{text}");
            assert_eq!(out, text);
        }
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_and_leaves_no_trace() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut out = String::new();
            assert_eq!(write_number(&mut out, number), Err(NotFinite));
            assert_eq!(out, "");
        }
    }

    #[test]
    fn integers_are_written_in_full() {
        for number in [0, 5, -1, i32::MIN, i32::MAX] {
            let mut out = String::new();
            write_integer(&mut out, number);
            assert_eq!(out, number.to_string());
        }
    }

    #[test]
    fn strings_escape_quotes_backslashes_and_controls_only() {
        let controls: String = (0..0x20_u8).map(char::from).collect();
        for (text, json) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("\"\"", r#""\"\"""#),
            ("a\\b", r#""a\\b""#),
            ("</script>", r#""</script>""#),
            ("\u{7f}\u{80}é", "\"\u{7f}\u{80}é\""),
            ("\u{2028}\u{2029}\u{feff}\u{ffff}", "\"\u{2028}\u{2029}\u{feff}\u{ffff}\""),
            ("a\n😀\n\u{10ffff}", "\"a\\n😀\\n\u{10ffff}\""),
            (
                &controls,
                r#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f""#,
            ),
        ] {
            let mut out = String::new();
            write_string(&mut out, text);
            assert_eq!(out, json);
        }
    }

    #[test]
    fn keys_are_indices_by_number_and_then_names_by_code_unit() {
        // Between two spaces is the empty key.
        let listed =
            "b 10 9  01 -0 -1 1.0 1e3 4294967295 4294967294 a10 a9 B 0 ｡ 😀 é 99999999999 +1 １";
        let ordered =
            "0 9 10 4294967294  +1 -0 -1 01 1.0 1e3 4294967295 99999999999 B a10 a9 b é 😀 １ ｡";
        let members = listed.split(' ').map(|key| (key.to_owned(), Value::Null)).collect();
        let expected: Vec<_> = ordered.split(' ').map(|key| format!("\"{key}\":null")).collect();
        assert_eq!(
            written(&Value::Object(members)).unwrap(),
            format!("{{{}}}", expected.join(","))
        );
    }

    #[test]
    fn values_are_compact() {
        let value = object([
            ("items", Value::Array(vec![Value::Bool(true), Value::Bool(false), Value::Null])),
            ("empty", Value::Array(vec![object([]), Value::Array(vec![])])),
            ("n", Value::Number(1.0)),
            ("constructor", object([("proto", Value::String("__proto__".to_owned()))])),
        ]);
        assert_eq!(
            written(&value).unwrap(),
            r#"{"constructor":{"proto":"__proto__"},"empty":[{},[]],"items":[true,false,null],"n":1}"#
        );
    }

    #[test]
    fn each_refusal_names_its_place() {
        let nan = || Value::Number(f64::NAN);
        let items = |last| Value::Array(vec![Value::Null, Value::Null, Value::Null, last]);
        let poisoned = || object([("constructor", object([("prototype", Value::Null)]))]);
        let proto = || object([("__proto__", Value::Null)]);
        let twice = object([("a", Value::Null), ("1", Value::Null), ("a", object([]))]);
        let not_finite = ValueProblem::NotFinite(NotFinite);
        for (value, path, problem) in [
            (nan(), "", not_finite),
            (Value::Array(vec![Value::Number(f64::INFINITY)]), "[0]", not_finite),
            (object([("items", items(object([("price", nan())])))]), "items[3].price", not_finite),
            (object([("a b", object([("c", nan())]))]), r#"["a b"].c"#, not_finite),
            (object([("c", object([("1\n", nan())]))]), r#"c["1\n"]"#, not_finite),
            (object([("", nan())]), r#"[""]"#, not_finite),
            (proto(), "__proto__", ValueProblem::ProtoKey),
            (items(proto()), "[3].__proto__", ValueProblem::ProtoKey),
            (object([("a", poisoned())]), "a.constructor", ValueProblem::ConstructorPrototype),
            (object([("b", twice)]), "b.a", ValueProblem::DuplicateKey),
        ] {
            assert_eq!(written(&value), Err(ValueError { path: path.to_owned(), problem }));
        }
    }

    #[test]
    fn values_are_refused_below_the_deepest_level() {
        assert_eq!(written(&nested(DEPTH_MAX)).unwrap().len(), 2 * DEPTH_MAX + "null".len());
        let too_deep = written(&nested(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(too_deep.problem, ValueProblem::TooDeep);
        assert_eq!(too_deep.path, "[0]".repeat(DEPTH_MAX));
        let empty = (0..DEPTH_MAX).fold(object([]), |inner, _| object([("k", inner)]));
        assert_eq!(written(&empty).unwrap_err().problem, ValueProblem::TooDeep);
    }

    #[test]
    fn a_long_path_is_cut_between_characters() {
        let value = object([(&"é".repeat(1_000), Value::Number(f64::NAN))]);
        let path = written(&value).unwrap_err().path;
        assert_eq!(path, format!("[\"{}…", "é".repeat(127)));
    }

    #[test]
    fn a_refused_value_leaves_what_was_written_before() {
        let mut out = String::from("{\"data\":");
        let value = Value::Array(vec![Value::Bool(true), Value::Number(f64::NAN)]);
        let error = write_value(&mut out, &value).unwrap_err();
        assert_eq!(out, "{\"data\":");
        assert_eq!(error.to_string(), "[1]: must be a finite number");
        let error = written(&Value::Number(f64::NAN)).unwrap_err();
        assert_eq!(error.to_string(), "must be a finite number");
    }

    /// Numbers that `serde_json` reads back exactly by default: at most 15 digits.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(|cents| Value::Number(f64::from(cents) / 100.0)),
            any::<String>().prop_map(Value::String),
        ];
        let key = prop_oneof![any::<String>(), any::<u16>().prop_map(|index| index.to_string())];
        leaf.prop_recursive(8, 64, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
                prop::collection::btree_map(key.clone(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Objects are read sorted by `str`, as [`any_value`] makes them.
    fn read(value: serde_json::Value) -> Value {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(bool) => Value::Bool(bool),
            serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap()),
            serde_json::Value::String(text) => Value::String(text),
            serde_json::Value::Array(items) => Value::Array(items.into_iter().map(read).collect()),
            serde_json::Value::Object(members) => {
                let members: std::collections::BTreeMap<_, _> = members.into_iter().collect();
                Value::Object(members.into_iter().map(|(key, value)| (key, read(value))).collect())
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_it_was(value in any_value()) {
            let text = written(&value).unwrap();
            prop_assert_eq!(read(serde_json::from_str(&text).unwrap()), value);
        }

        #[test]
        fn a_finite_number_reads_back_as_it_was(number in any::<f64>()) {
            prop_assume!(number.is_finite());
            let mut out = String::new();
            write_number(&mut out, number).unwrap();
            prop_assert_eq!(out.parse(), Ok(number));
        }
    }
}
