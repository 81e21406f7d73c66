//! The text of a master key file: one key a line, `<key id> <base64 of 32 bytes>`, the primary one
//! first; empty lines, and those that begin with `#`, are for people and stay where they are. What
//! is read and changed here is text: the file itself is the store's.

use zeroize::Zeroizing;

use super::master_key::{KeyId, MasterKey, MasterKeys};

/// Most keys of a file: a rotation needs two.
pub const MASTER_KEYS_MAX: usize = 16;
/// Largest file, in bytes: as many keys and a page of comments.
pub const KEY_FILE_BYTES_MAX: usize = 16 * 1024;
/// What the file says of itself when it is made.
const HEAD: &str = "# Master keys of bookora-webhooks. The first one seals the secrets of endpoints, \
                    all of them open them.\n# Keep a copy of this file apart from the backups of \
                    the database: a secret is not read without its key.\n";

/// The text of a file. Its memory is wiped when it is dropped.
pub struct KeyFile {
    text: Zeroizing<String>,
}

/// Why a text is no key file. Lines are counted from 1, and never shown: they hold keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyFile {
    /// It has no key.
    #[error("it has no key")]
    Empty,
    /// It has more keys than are used.
    #[error("it has more than {MASTER_KEYS_MAX} keys")]
    TooMany,
    /// A line is something else.
    #[error("line {0} is not `<key id> <base64 of 32 bytes>`")]
    Line(usize),
    /// A key's name stands for one key.
    #[error("it has two keys that are called {0}")]
    Twice(KeyId),
}

/// Why a file was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyChangeError {
    /// It is no key file.
    #[error(transparent)]
    Invalid(#[from] InvalidKeyFile),
    /// It has no key of that name.
    #[error("it has no key {0}")]
    NotFound(KeyId),
    /// The primary key seals: another has to be made the primary one first.
    #[error("{0} is the primary key: make another one primary first, with `master-key use`")]
    Primary(KeyId),
}

impl KeyFile {
    /// A file with one key.
    #[must_use]
    pub fn new(key: &MasterKey) -> Self {
        Self { text: Zeroizing::new(format!("{HEAD}{}\n", *key.line())) }
    }

    /// A file with this text.
    #[must_use]
    pub fn of(text: Zeroizing<String>) -> Self {
        Self { text }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its keys.
    ///
    /// # Errors
    /// [`InvalidKeyFile`] says what is wrong, and shows nothing of it.
    pub fn keys(&self) -> Result<MasterKeys, InvalidKeyFile> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, line) in self.text.lines().enumerate().filter(|(_, line)| is_key(line)) {
            let key = read(line).ok_or(InvalidKeyFile::Line(index + 1))?;
            if keys.iter().any(|other| other.id() == key.id()) {
                return Err(InvalidKeyFile::Twice(key.id().clone()));
            }
            if keys.len() == MASTER_KEYS_MAX {
                return Err(InvalidKeyFile::TooMany);
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let primary = keys.next().ok_or(InvalidKeyFile::Empty)?;
        Ok(MasterKeys::new(primary, keys.collect()))
    }

    /// The file with a key at its end, which opens and does not seal.
    ///
    /// # Errors
    /// [`KeyChangeError::Invalid`]: it is no key file, or would be none.
    pub fn with_added(&self, key: &MasterKey) -> Result<Self, KeyChangeError> {
        self.keys()?;
        let mut text = self.text.clone();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&key.line());
        text.push('\n');
        let added = Self { text };
        added.keys()?;
        Ok(added)
    }

    /// The file with a key of its moved before the others.
    ///
    /// # Errors
    /// [`KeyChangeError`], but for the primary key.
    pub fn with_primary(&self, id: &KeyId) -> Result<Self, KeyChangeError> {
        let keys = self.keys()?;
        let chosen = keys.find(id.as_str()).ok_or_else(|| KeyChangeError::NotFound(id.clone()))?;
        let rest = self.lines_without(id);
        let first = rest.iter().position(|line| is_key(line)).unwrap_or(rest.len());
        let (before, behind) = rest.split_at(first);
        Ok(Self::of_lines(
            before.iter().copied().chain([chosen.line().as_str()]).chain(behind.iter().copied()),
        ))
    }

    /// The file without a key of its.
    ///
    /// # Errors
    /// [`KeyChangeError`].
    pub fn without(&self, id: &KeyId) -> Result<Self, KeyChangeError> {
        let keys = self.keys()?;
        if keys.primary().id() == id {
            return Err(KeyChangeError::Primary(id.clone()));
        }
        keys.find(id.as_str()).ok_or_else(|| KeyChangeError::NotFound(id.clone()))?;
        Ok(Self::of_lines(self.lines_without(id).into_iter()))
    }

    fn lines_without(&self, id: &KeyId) -> Vec<&str> {
        let is_other =
            |line: &&str| !is_key(line) || line.split_whitespace().next() != Some(id.as_str());
        self.text.lines().filter(is_other).collect()
    }

    fn of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        // One piece of memory from the start: what it would grow out of is not wiped.
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_FILE_BYTES_MAX));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        Self { text }
    }
}

fn is_key(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

fn read(line: &str) -> Option<MasterKey> {
    let mut words = line.split_whitespace();
    let (id, encoded) = (words.next()?.parse().ok()?, words.next()?);
    words.next().is_none().then(|| MasterKey::from_base64(id, encoded)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::SeededRandom;

    fn key(seed: u64) -> MasterKey {
        MasterKey::generate(&SeededRandom::new(seed))
    }

    fn file(text: &str) -> KeyFile {
        KeyFile::of(Zeroizing::new(text.to_owned()))
    }

    fn ids(file: &KeyFile) -> Vec<KeyId> {
        file.keys().ok().unwrap().iter().map(|key| key.id().clone()).collect()
    }

    #[test]
    fn a_key_is_added_behind_made_primary_and_taken_away_and_comments_stay() {
        let [one, two] = [key(1), key(2)];
        let [first, second] = [one.id().clone(), two.id().clone()];
        let made = KeyFile::new(&one);
        let added = made.with_added(&two).ok().unwrap();
        assert_eq!(ids(&added), [first.clone(), second.clone()]);
        let used = added.with_primary(&second).ok().unwrap();
        assert_eq!(ids(&used), [second.clone(), first.clone()]);
        assert!(used.with_primary(&second).is_ok_and(|same| same.text() == used.text()));
        let removed = used.without(&first).ok().unwrap();
        assert_eq!(ids(&removed), [second]);
        assert!(removed.text().starts_with(HEAD), "{}", removed.text().len());
    }

    #[test]
    fn the_primary_key_is_not_taken_away_and_what_is_not_there_neither() {
        let made = KeyFile::new(&key(1)).with_added(&key(2)).ok().unwrap();
        let (first, other) = (key(1).id().clone(), key(3).id().clone());
        assert_eq!(made.without(&first).err(), Some(KeyChangeError::Primary(first)));
        assert_eq!(made.without(&other).err(), Some(KeyChangeError::NotFound(other.clone())));
        assert_eq!(made.with_primary(&other).err(), Some(KeyChangeError::NotFound(other)));
    }

    #[test]
    fn a_file_that_is_none_is_refused_and_not_shown() {
        let good = key(1).line().to_string();
        let id = key(1).id().clone();
        let error = |text: &str| file(text).keys().err();
        assert_eq!(error(""), Some(InvalidKeyFile::Empty));
        assert_eq!(error("# nothing\n\n"), Some(InvalidKeyFile::Empty));
        assert_eq!(error(&format!("# head\n{good} more\n")), Some(InvalidKeyFile::Line(2)));
        assert_eq!(error(&format!("{good}\nmk_2 AAAA\n")), Some(InvalidKeyFile::Line(2)));
        assert_eq!(error(&format!("{good}\n{good}\n")), Some(InvalidKeyFile::Twice(id)));
        let many: Vec<String> = (0..17).map(|seed| key(seed).line().to_string()).collect();
        assert_eq!(error(&many.join("\n")), Some(InvalidKeyFile::TooMany));
        let secret = good.split(' ').nth(1).unwrap();
        let shown = error(&format!("{good} more")).unwrap().to_string();
        assert!(!shown.contains(secret), "{shown}");
    }

    #[test]
    fn lines_may_end_in_carriage_returns_or_in_none() {
        let text = format!("\r\n{}\r\n  {}", *key(1).line(), *key(2).line());
        assert_eq!(ids(&file(&text)), [key(1).id().clone(), key(2).id().clone()]);
        assert_eq!(ids(&file(&text).with_added(&key(3)).ok().unwrap()).len(), 3);
    }
}
