//! Failpoints: named places at which a debug build does what a fault would, when
//! `BOOKORA_FAILPOINT` says so. A release build has none of this.
//!
//! - `record.after_commit@3`: the third time that a record's commit has returned, the process ends.
//! - `send.before@1,4=panic`: the first and the fourth time that a delivery is begun, it panics.
//! - `statement@7=error`: the seventh statement fails, as when the database is gone.

/// What happens at a failpoint.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    End,
    Panic,
    Error,
}

/// What `BOOKORA_FAILPOINT` says.
#[cfg(debug_assertions)]
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    name: String,
    /// Counted from 1.
    times: Vec<u64>,
    effect: Effect,
}

#[cfg(debug_assertions)]
impl Setting {
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once('@')?;
        let (times, effect) = match rest.split_once('=') {
            None => (rest, Effect::End),
            Some((times, "panic")) => (times, Effect::Panic),
            Some((times, "error")) => (times, Effect::Error),
            Some(_) => return None,
        };
        let times: Result<_, _> = times.split(',').map(str::parse).collect();
        Some(Self { name: name.to_owned(), times: times.ok()?, effect })
    }
}

/// What happens at a place that is passed now.
#[cfg(debug_assertions)]
fn effect_at(name: &str) -> Option<Effect> {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static SETTING: OnceLock<Option<Setting>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);

    let setting = SETTING.get_or_init(|| {
        let text = std::env::var("BOOKORA_FAILPOINT").ok()?;
        Some(Setting::parse(&text).expect("BOOKORA_FAILPOINT is <name>@<times>[=panic|=error]"))
    });
    let setting = setting.as_ref().filter(|setting| setting.name == name)?;
    let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    setting.times.contains(&passed).then_some(setting.effect)
}

/// A place where the process may end, or whoever passes it panic.
#[cfg(debug_assertions)]
pub fn hit(name: &str) {
    match effect_at(name) {
        // Nothing is flushed, closed or said: what is not on disk is gone.
        Some(Effect::End) => std::process::abort(),
        Some(Effect::Panic) => panic!("failpoint {name}"),
        Some(Effect::Error) | None => {}
    }
}

/// Whether what comes next is to fail, or, where it is done, to be answered as if it had.
#[cfg(debug_assertions)]
#[must_use]
pub fn fails(name: &str) -> bool {
    effect_at(name) == Some(Effect::Error)
}

/// A place where a debug build may end its process; a release build passes by.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn hit(_name: &str) {}

/// Whether what comes next is to fail: never in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
#[must_use]
pub const fn fails(_name: &str) -> bool {
    false
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_the_place_the_times_and_the_effect() {
        let read = |text| {
            let Setting { name, times, effect } = Setting::parse(text)?;
            Some((name, times, effect))
        };
        assert_eq!(read("a.b@3"), Some(("a.b".to_owned(), vec![3], Effect::End)));
        assert_eq!(read("a.b@1,4=panic"), Some(("a.b".to_owned(), vec![1, 4], Effect::Panic)));
        assert_eq!(read("a@7=error"), Some(("a".to_owned(), vec![7], Effect::Error)));
        for text in ["", "a.b", "a.b@", "a.b@x", "a.b@1=what"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
