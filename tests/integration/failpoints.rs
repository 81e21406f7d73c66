//! That no failpoint is forgotten: each is passed in a test.

use std::collections::BTreeSet;
use std::path::Path;

use crate::architecture::source_files;
use crate::{crashes, mishaps, sealing, statements};

/// The tests' lists of the failpoints that they pass.
const TESTED: [&[&str]; 5] = [
    &crashes::FAILPOINTS,
    &crashes::FAILPOINTS_BESIDE,
    &mishaps::FAILPOINTS,
    &sealing::FAILPOINTS,
    &statements::FAILPOINTS,
];

/// The failpoints that a source has.
fn failpoints(source: &str) -> impl Iterator<Item = &str> {
    let calls = ["failpoint::hit(\"", "failpoint::fails(\""];
    let after_call = move |call| source.split(call).skip(1);
    calls.into_iter().flat_map(after_call).filter_map(|rest| rest.split('"').next())
}

#[test]
fn every_failpoint_is_passed_in_a_test() {
    let sources = source_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let sources: Vec<_> =
        sources.iter().map(|file| std::fs::read_to_string(file).expect("in UTF-8")).collect();
    let present: BTreeSet<_> = sources.iter().flat_map(|source| failpoints(source)).collect();
    let tested: BTreeSet<_> = TESTED.into_iter().flatten().copied().collect();
    assert_eq!(present, tested);
}
