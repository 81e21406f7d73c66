//! Input that breaks the contract's rules: each rule's border from outside, the field that is
//! named, and that nothing was stored.

mod batches;
mod endpoint_calls;
mod endpoints;
mod events;
mod reads;
mod tokens;
mod unknown_ids;
mod urls;

use crate::caller::{Call, Caller};
use crate::refusal::Refusal;

/// A call that breaks one rule.
struct Case {
    /// What is wrong, for whoever reads a failure.
    what: String,
    call: Call,
    expected: Refusal,
}

impl Case {
    /// A call with one bad field.
    fn of_field(what: impl Into<String>, call: impl Into<Call>, path: &str) -> Self {
        Self { what: what.into(), call: call.into(), expected: Refusal::of_field(path) }
    }
}

/// Makes each call and checks its refusal, and that it left everything as it was. All that is
/// wrong is told at once.
async fn assert_refused(caller: &mut Caller, cases: impl IntoIterator<Item = Case>) {
    let before = caller.stored().await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for Case { what, call, expected } in cases {
        count += 1;
        let refusal = match caller.call(call).await {
            Ok(()) => {
                wrong.push(format!("{what}: is accepted"));
                continue;
            }
            Err(status) => Refusal::read(&status),
        };
        if refusal != expected {
            wrong.push(format!("{what}: {refusal:?} instead of {expected:?}"));
        }
        if caller.stored().await != before {
            wrong.push(format!("{what}: something was stored"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 0, "there is a case");
}

/// Makes each call, so that it is known to be refused for nothing but what a case adds to it.
async fn assert_accepted(caller: &mut Caller, calls: impl IntoIterator<Item = (String, Call)>) {
    let mut wrong = Vec::new();
    for (what, call) in calls {
        if let Err(status) = caller.call(call).await {
            wrong.push(format!("{what}: {status:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Account ids that are none; `-` is one where all accounts can be read.
const BAD_ACCOUNTS: [&str; 12] = [
    "", " ", "acct 1", " acct_1", "acct_1\n", "-acct", "--", "_acct", ".acct", "acct/1", "konto_ü",
    "acct_١",
];

/// Account ids that are none where one account must be named.
fn bad_accounts() -> Vec<String> {
    let too_long = "a".repeat(65);
    BAD_ACCOUNTS.into_iter().chain(["-", &too_long]).map(str::to_owned).collect()
}

/// Texts that are no id with this prefix.
fn bad_ids(prefix: &str) -> Vec<String> {
    let other = if prefix == "evt_" { "dlv_" } else { "evt_" };
    let digits = |count| "0".repeat(count);
    vec![
        String::new(),
        prefix.to_owned(),
        digits(26),
        format!("{other}{}", digits(26)),
        format!("{prefix}{}", digits(25)),
        format!("{prefix}{}", digits(27)),
        format!("{prefix}{}l", digits(25)),
        format!("{prefix}{}A", digits(25)),
        format!("{prefix}8{}", digits(25)),
        format!(" {prefix}{}", digits(26)),
        format!("{prefix}{}\n", digits(26)),
        format!("{prefix}{}é", digits(24)),
        format!("{}{}", prefix.to_uppercase(), digits(26)),
    ]
}

/// A whole id with this prefix that nothing has.
pub fn unknown_id(prefix: &str) -> String {
    format!("{prefix}{}", "0".repeat(26))
}

/// A text of so many bytes.
fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}
