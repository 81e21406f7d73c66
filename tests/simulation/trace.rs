//! What happened in a seed, step by step: as a hash, by which two runs are compared, as counts, and
//! as text where it is to be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::time::now;

/// Steps, as they come.
pub struct Trace {
    begun: Instant,
    written: Mutex<Written>,
}

struct Written {
    hash: DefaultHasher,
    counts: BTreeMap<&'static str, u64>,
    /// `None`: nobody is going to read it.
    text: Option<String>,
}

impl Trace {
    /// An empty trace, with or without text.
    pub fn new(begun: Instant, has_text: bool) -> Self {
        let text = has_text.then(String::new);
        let (hash, counts) = (DefaultHasher::new(), BTreeMap::new());
        Self { begun, written: Mutex::new(Written { hash, counts, text }) }
    }

    /// A step, with its numbers.
    pub fn step(&self, what: &'static str, numbers: &[(&str, u64)]) {
        let at = now() - self.begun;
        let mut written = self.lock();
        (at, what).hash(&mut written.hash);
        for (_, number) in numbers {
            number.hash(&mut written.hash);
        }
        *written.counts.entry(what).or_default() += 1;
        if let Some(text) = &mut written.text {
            let _ = write!(text, "{:>10.3} {what}", at.as_secs_f64());
            for (name, number) in numbers {
                let _ = write!(text, " {name}={number:x}");
            }
            text.push('\n');
        }
    }

    /// By which two runs are compared.
    pub fn hash(&self) -> u64 {
        self.lock().hash.finish()
    }

    /// How often each step was taken.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.lock().counts.clone()
    }

    /// The steps as text.
    pub fn text(&self) -> String {
        self.lock().text.clone().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last digits of an id, by which it is told from others.
pub fn short(id: uuid::Uuid) -> u64 {
    u64::try_from(id.as_u128() & 0xffff_ffff).expect("it is 32 bits")
}
