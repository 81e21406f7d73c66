//! Failpoints: named places at which a debug build ends its own process, as a crash would, when
//! `BOOKORA_FAILPOINT` says so: `record.after_commit@3` is the third time that a record's commit
//! has returned. A release build has none of this.

/// A place where the process may end.
#[cfg(debug_assertions)]
pub fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static CHOSEN: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static HITS: AtomicU64 = AtomicU64::new(0);

    let chosen = CHOSEN.get_or_init(|| {
        let setting = std::env::var("BOOKORA_FAILPOINT").ok()?;
        let (name, nth) = setting.split_once('@')?;
        Some((name.to_owned(), nth.parse().ok()?))
    });
    if let Some((chosen, nth)) = chosen
        && chosen == name
        && HITS.fetch_add(1, Ordering::Relaxed) + 1 == *nth
    {
        // Nothing is flushed, closed or said: what is not on disk is gone.
        std::process::abort();
    }
}

/// A place where a debug build may end its process; a release build passes by.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn hit(_name: &str) {}
