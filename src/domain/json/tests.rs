//! The writer, held against what ECMAScript would write.

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
    assert_eq!(written(&Value::Object(members)).unwrap(), format!("{{{}}}", expected.join(",")));
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
