//! The promise of `domain::json`, kept to real JavaScript: what it writes, Node reads and writes
//! back byte for byte.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::process::{Child, Output};
use std::thread;

use bookora_webhooks::domain::json::{self, DEPTH_MAX, Value};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{RngExt, SeedableRng};

use crate::node::{self, Node};

/// Enough for every kind of key and number to meet every other.
const BODIES: u64 = 100_000;
/// Any other seed must do as well; a fixed one makes a failure come again.
const SEED: u64 = 20_260_610;
/// Most items of an array or object, and the usual depth: a body is a few hundred bytes long, and
/// all of them pass in seconds.
const ITEMS_MAX: usize = 6;
const USUAL_DEPTH_MAX: usize = 4;
/// Most characters of a string or key: each has a few of the kinds there are.
const TEXT_CHARS_MAX: usize = 12;

/// Keys that look like numbers but are no array indices, or that every JavaScript object has.
const ODD_KEYS: [&str; 20] = [
    "",
    " ",
    "-0",
    "-1",
    "+1",
    "00",
    "01",
    "1.0",
    "1e3",
    "0x1",
    "1 ",
    "NaN",
    "Infinity",
    "18446744073709551616",
    "constructor",
    "prototype",
    "toString",
    "toJSON",
    "length",
    "a.b",
];
/// Characters that escape, or that other JSON writers escape, and neighbours of surrogates.
const ODD_CHARS: &str = "\"\\/<&'\u{7f}\u{80}\u{9f}\u{ad}\u{2028}\u{2029}\u{d7ff}\u{e000}\u{feff}\
    \u{ffff}\u{10000}\u{10ffff}";
/// Where the form or the precision of numbers changes.
const BORDERS: [f64; 14] = [
    0.0,
    f64::MIN_POSITIVE,
    f64::MAX,
    1e-7,
    1e-6,
    0.1,
    1.0,
    4_294_967_295.0,
    9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    18_446_744_073_709_551_616.0,
    1e20,
    1e21,
    1e22,
];

#[test]
fn node_writes_each_of_100_000_random_bodies_back_as_it_was() {
    let Some(node) = node::require() else { return };
    let mut rng = StdRng::seed_from_u64(SEED);
    let report = round_trip(node, (0..BODIES).map(move |_| random_body(&mut rng)));
    assert_eq!(report["mismatches"], 0, "{:#}", report["first"]);
    assert_eq!(report["lines"], BODIES);
}

#[test]
fn a_body_that_node_writes_otherwise_is_reported() {
    let Some(node) = node::require() else { return };
    for (wrong, got) in [
        (r#"{"price":150.0}"#, r#"{"price":150}"#),
        (r#"{"10":null,"9":null}"#, r#"{"9":null,"10":null}"#),
        (r#"{"a":"\u00e9"}"#, r#"{"a":"é"}"#),
    ] {
        let mut rng = StdRng::seed_from_u64(SEED);
        let mut bodies: Vec<_> = (0..100).map(|_| random_body(&mut rng)).collect();
        bodies.insert(50, wrong.to_owned());
        let report = round_trip(node, bodies.into_iter());
        assert_eq!(report["lines"], 101);
        assert_eq!(report["mismatches"], 1);
        assert_eq!(report["first"], serde_json::json!([{ "line": wrong, "got": got }]));
    }
}

/// What `roundtrip.mjs` reports for `bodies`; its exit code is held against its report.
pub fn round_trip(
    node: Node,
    bodies: impl Iterator<Item = String> + Send + 'static,
) -> serde_json::Value {
    let mut child = node.spawn("roundtrip.mjs", &[]);
    let stdin = child.stdin.take().expect("stdin is piped");
    let writer = thread::spawn(move || write_lines(stdin, bodies));
    let output = finish(child);
    writer.join().expect("every body is written").expect("node reads to the end");
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("node prints one JSON value");
    assert_eq!(output.status.success(), report["mismatches"] == 0, "{report:#}");
    report
}

fn finish(child: Child) -> Output {
    child.wait_with_output().expect("node ends once its stdin does")
}

fn write_lines(stdin: impl Write, bodies: impl Iterator<Item = String>) -> io::Result<()> {
    let mut stdin = BufWriter::new(stdin);
    for body in bodies {
        writeln!(stdin, "{body}")?;
    }
    stdin.flush()
}

/// An object with everything that could go wrong in it, as text.
fn random_body(rng: &mut StdRng) -> String {
    let mut value = random_object(rng, USUAL_DEPTH_MAX);
    if rng.random_ratio(1, 50) {
        let layers = rng.random_range(1..=DEPTH_MAX - USUAL_DEPTH_MAX);
        value = (0..layers).fold(value, |inner, _| wrapped(rng, inner));
    }
    let mut body = String::new();
    json::write_value(&mut body, &value).expect("nothing in it is refused");
    body
}

fn wrapped(rng: &mut StdRng, inner: Value) -> Value {
    if rng.random() {
        return Value::Array(vec![random_scalar(rng), inner]);
    }
    Value::Object(vec![("inner".to_owned(), inner), ("7".to_owned(), random_scalar(rng))])
}

fn random_value(rng: &mut StdRng, depth_max: usize) -> Value {
    match rng.random_range(0..6) {
        0 if depth_max > 0 => random_object(rng, depth_max),
        1 if depth_max > 0 => {
            let length = rng.random_range(0..=ITEMS_MAX);
            Value::Array((0..length).map(|_| random_value(rng, depth_max - 1)).collect())
        }
        _ => random_scalar(rng),
    }
}

fn random_object(rng: &mut StdRng, depth_max: usize) -> Value {
    let length = rng.random_range(0..=ITEMS_MAX);
    let mut members = BTreeMap::new();
    for _ in 0..length {
        let key = random_key(rng);
        // Among the keys is `prototype`, which an object under `constructor` must not hold.
        let depth_max = if key == "constructor" { 0 } else { depth_max - 1 };
        members.insert(key, random_value(rng, depth_max));
    }
    Value::Object(members.into_iter().collect())
}

fn random_scalar(rng: &mut StdRng) -> Value {
    match rng.random_range(0..8) {
        0 => Value::Null,
        1 => Value::Bool(rng.random()),
        2..5 => Value::String(random_text(rng)),
        _ => Value::Number(random_number(rng)),
    }
}

fn random_key(rng: &mut StdRng) -> String {
    match rng.random_range(0..6) {
        0 => rng.random_range(0..=20).to_string(),
        1 => rng.random::<u32>().to_string(),
        2 => rng.random_range(4_294_967_290_u64..=4_294_967_300).to_string(),
        3 => (*ODD_KEYS.choose(rng).expect("there are some")).to_owned(),
        _ => random_text(rng),
    }
}

fn random_text(rng: &mut StdRng) -> String {
    let length = rng.random_range(0..=TEXT_CHARS_MAX);
    (0..length).map(|_| random_char(rng)).collect()
}

fn random_char(rng: &mut StdRng) -> char {
    match rng.random_range(0..6) {
        0 => rng.random_range('\0'..' '),
        1 => ODD_CHARS.chars().choose(rng).expect("there are some"),
        2 => rng.random_range('\u{1f300}'..='\u{1f6ff}'),
        3 => rng.random(),
        _ => rng.random_range(' '..='~'),
    }
}

/// A finite number; -0 in place of one that is not.
fn random_number(rng: &mut StdRng) -> f64 {
    let number: f64 = match rng.random_range(0..7) {
        0 => rng.random_range(-1_000_i32..=1_000).into(),
        1 => f64::from(rng.random::<i32>()) / 100.0,
        2 => f64::from_bits(rng.random_range(0..1 << 52)),
        3 => format!("1e{}", rng.random_range(-324..=308)).parse().expect("a power of ten"),
        4 | 5 => {
            let border = BORDERS.choose(rng).expect("there are some");
            let steps_away = rng.random_range(-20_i64..=20);
            f64::from_bits(border.to_bits().wrapping_add_signed(steps_away))
        }
        _ => f64::from_bits(rng.random()),
    };
    let sign = if rng.random() { 1.0 } else { -1.0 };
    if number.is_finite() { number * sign } else { -0.0 }
}
