//! Which revisions of deliveries a watch has seen.

use hashlink::LruCache;

/// How many deliveries are remembered, the least recently seen forgotten first: some 10 MB. What
/// comes a second time comes soon after a resume.
const DELIVERIES_MAX: usize = 100_000;

/// The last revision seen of each delivery.
pub struct Revisions(LruCache<String, i32>);

impl Default for Revisions {
    fn default() -> Self {
        Self(LruCache::new(DELIVERIES_MAX))
    }
}

impl Revisions {
    /// Whether it is above all that were seen of its delivery; then it is seen.
    pub fn is_new(&mut self, delivery_id: &str, revision: i32) -> bool {
        match self.0.get_mut(delivery_id) {
            Some(seen) if *seen >= revision => false,
            Some(seen) => {
                *seen = revision;
                true
            }
            None => {
                self.0.insert(delivery_id.to_owned(), revision);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_new_once() {
        let mut revisions = Revisions::default();
        let seen = [("a", 1), ("a", 1), ("a", 3), ("a", 2), ("b", 2), ("a", 4)];
        let new = seen.map(|(id, revision)| revisions.is_new(id, revision));
        assert_eq!(new, [true, false, true, false, true, true]);
    }

    #[test]
    fn the_least_recently_seen_deliveries_are_forgotten() {
        let mut revisions = Revisions::default();
        for id in 0..DELIVERIES_MAX {
            assert!(revisions.is_new(&id.to_string(), 1));
        }
        assert!(!revisions.is_new("0", 1), "seen again, and not the next to be forgotten");
        assert!(revisions.is_new("one more", 1));
        assert_eq!(revisions.0.len(), DELIVERIES_MAX);
        assert!(!revisions.is_new("0", 1));
        assert!(revisions.is_new("1", 1), "it was forgotten");
    }
}
