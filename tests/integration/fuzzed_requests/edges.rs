//! Values from the edges of what can be said, and beyond.

use bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{Kind, MessageDescriptor};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::known::Known;

/// Lengths on both sides of every limit that the contract has.
const LENGTHS: [usize; 14] =
    [1, 23, 24, 64, 65, 128, 129, 256, 257, 1_024, 1_025, 2_049, 8_192, 8_193];
const LONG: usize = 100_000;
/// The largest number of a field.
const FIELD_MAX: u32 = (1 << 29) - 1;

/// A number of 32 bits; enums have such too.
pub fn int(random: &mut StdRng) -> i32 {
    const EDGES: [i32; 10] = [i32::MIN, -1, 0, 1, 5, 6, 1_000, 1_001, 10_001, i32::MAX];
    *EDGES.choose(random).expect("not empty")
}

/// Seconds of a time or a duration.
pub fn seconds(random: &mut StdRng) -> i64 {
    const EDGES: [i64; 14] = [
        i64::MIN,
        -62_135_596_801,
        -1,
        0,
        1,
        59,
        60,
        604_800,
        604_801,
        // The last that nanoseconds of 64 bits reach, and the year 10000.
        9_223_372_036,
        9_223_372_037,
        253_402_300_799,
        253_402_300_800,
        i64::MAX,
    ];
    *EDGES.choose(random).expect("not empty")
}

/// Nanos of a time or a duration.
pub fn nanos(random: &mut StdRng) -> i32 {
    const EDGES: [i32; 6] = [i32::MIN, -1, 0, 999_999_999, 1_000_000_000, i32::MAX];
    // Mostly good ones, so that the seconds are looked at.
    if random.random_bool(0.7) { 0 } else { *EDGES.choose(random).expect("not empty") }
}

/// A double.
pub fn double(random: &mut StdRng) -> f64 {
    const EDGES: [f64; 9] =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, -1.0, 1e21, f64::MAX, 0.1];
    *EDGES.choose(random).expect("not empty")
}

/// A text.
pub fn text(known: &Known, random: &mut StdRng) -> String {
    const EDGES: [&str; 20] = [
        "",
        "-",
        ".",
        "..",
        "*",
        "\0",
        "a\0b",
        " ",
        "acct 1",
        "ACCT_1",
        "é",
        "\u{feff}",
        "\u{202e}gpj",
        "' OR 1=1 --",
        "%s%n",
        "http://169.254.169.254/",
        "https://user:password@127.0.0.1:1/#x",
        "booking.*",
        "whsec_AAAA",
        "00000000-0000-0000-0000-000000000000",
    ];
    match random.random_range(0..10) {
        0..4 => (*EDGES.choose(random).expect("not empty")).to_owned(),
        4 | 5 => known.any_at_all(random).cloned().unwrap_or_default(),
        6 | 7 => known.any_at_all(random).map(|text| flipped(text, random)).unwrap_or_default(),
        8 => "a".repeat(*LENGTHS.choose(random).expect("not empty")),
        _ if random.random_bool(0.1) => "é".repeat(LONG),
        _ => "é".repeat(LENGTHS.choose(random).expect("not empty") / 2),
    }
}

/// A text with one character changed, left out or added.
fn flipped(text: &str, random: &mut StdRng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return text.to_owned();
    }
    let place = random.random_range(0..characters.len());
    match random.random_range(0..3) {
        0 => {
            let changed = u32::from(characters[place]) ^ (1 << random.random_range(0..7));
            characters[place] = char::from_u32(changed).unwrap_or('x');
        }
        1 => drop(characters.remove(place)),
        _ => characters.insert(place, 'A'),
    }
    characters.into_iter().collect()
}

/// Appends a field that no message has.
pub fn put_unknown_field(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let number = *[19_999, 536_870, FIELD_MAX].choose(random).expect("not empty");
    match random.random_range(0..4) {
        0 => {
            encode_key(number, WireType::Varint, bytes);
            encode_varint(u64::MAX, bytes);
        }
        1 => {
            encode_key(number, WireType::SixtyFourBit, bytes);
            bytes.put_u64_le(random.random());
        }
        2 => {
            encode_key(number, WireType::ThirtyTwoBit, bytes);
            bytes.put_u32_le(random.random());
        }
        _ => {
            encode_key(number, WireType::LengthDelimited, bytes);
            encode_varint(3, bytes);
            bytes.put_slice(&[0xff, 0, 0xfe]);
        }
    }
}

/// Appends a text that is not UTF-8, for one of the message's fields that holds a text.
pub fn put_text_that_is_none(bytes: &mut Vec<u8>, of: &MessageDescriptor, random: &mut StdRng) {
    let is_text = |kind: &Kind| matches!(kind, Kind::String);
    let texts: Vec<_> = of.fields().filter(|field| is_text(&field.kind())).collect();
    if let Some(field) = texts.choose(random) {
        encode_key(field.number(), WireType::LengthDelimited, bytes);
        encode_varint(3, bytes);
        bytes.put_slice(&[b'a', 0xff, 0xfe]);
    }
}
