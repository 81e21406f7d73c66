//! What somebody reads who has the disk, or a dump, or a log: bytes, searched for what is not to be
//! there in any form in which it could be written.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::postgres::Postgres;
use crate::service::Service;

/// Bytes of a piece that is searched for: less would be found by chance, more would miss what is
/// broken over two lines.
const PIECE_BYTES: usize = 12;

/// Everything that the database of a service has on its disk; a dump, where it is a server's.
pub fn everything(service: &Service) -> Vec<u8> {
    let url = service.database_url();
    let Some(path) = url.strip_prefix("sqlite://") else {
        let server = Postgres::shared().expect("the database is on it");
        return server.dump(url).into_bytes();
    };
    let path = path.split('?').next().expect("a path comes first");
    let mut all = std::fs::read(path).expect("the file can be read");
    // Gone after a stop in order.
    all.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    assert!(Path::new(&format!("{path}.key")).exists(), "its key is elsewhere");
    all
}

/// Whether any piece of a text is among the bytes: as it is, in hexadecimal, in base64, or as a
/// list of numbers.
pub fn shows(bytes: &[u8], text: &[u8]) -> bool {
    assert!(text.len() >= PIECE_BYTES, "it is long enough to be known");
    let last = text.len() - PIECE_BYTES;
    let begins = (0..=last).step_by(PIECE_BYTES).chain([last]);
    let pieces = begins.map(|begin| &text[begin..begin + PIECE_BYTES]);
    pieces.flat_map(forms).any(|form| contains(bytes, &form))
}

/// How a piece may be written.
fn forms(piece: &[u8]) -> Vec<Vec<u8>> {
    let numbers: Vec<_> = piece.iter().map(ToString::to_string).collect();
    let hex = hex::encode(piece);
    let mut forms = vec![
        piece.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        numbers.join(", ").into_bytes(),
    ];
    // Three bytes are four characters: by where the piece begins among those before it, others.
    for skipped in 0..3 {
        let whole = &piece[skipped..];
        let whole = &whole[..whole.len() / 3 * 3];
        forms.push(STANDARD.encode(whole).into_bytes());
    }
    forms
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr_like(bytes, wanted[0]).any(|at| bytes[at..].starts_with(wanted))
}

/// Where a byte is: looking for the first one alone is much faster than comparing everywhere.
fn memchr_like(bytes: &[u8], wanted: u8) -> impl Iterator<Item = usize> {
    bytes.iter().enumerate().filter(move |(_, byte)| **byte == wanted).map(|(at, _)| at)
}

#[test]
fn a_text_is_found_in_each_form_and_what_is_not_there_is_not() {
    let text = b"of 32 bytes, of which one piece!";
    let encoded = STANDARD.encode(text);
    let shifted = STANDARD.encode([&b"x"[..], text].concat());
    let numbers = format!("{text:?}");
    for written in [
        "before of 32 bytes, after",
        &hex::encode(text)[10..],
        &hex::encode_upper(text),
        &encoded,
        &shifted,
        &numbers,
    ] {
        assert!(shows(written.as_bytes(), text), "{written}");
    }
    assert!(!shows(b"of 32 bits, of which none is in any piece", text));
    assert!(!shows(b"", text));
}
