//! The text of a master key file: one key a line, `<key id> <base64 of 32 bytes>`, the primary one
//! first; `<key id> lost` where a key is gone for good; empty lines, and those that begin with `#`,
//! are for people and stay where they are. What is read and changed here is text: the file itself is
//! the store's.

use zeroize::Zeroizing;

use super::master_key::{KeyId, MasterKey, MasterKeys};

/// Most keys of a file: a rotation needs two.
pub const MASTER_KEYS_MAX: usize = 16;
/// Largest file, in bytes: as many keys and a page of comments.
pub const KEY_FILE_BYTES_MAX: usize = 16 * 1024;
/// What a line has in the place of a key that is gone for good.
const LOST: &str = "lost";
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
    #[error("line {0} is neither `<key id> <base64 of 32 bytes>` nor `<key id> lost`")]
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
        let (mut keys, mut lost): (Vec<MasterKey>, Vec<KeyId>) = Default::default();
        for (index, line) in self.text.lines().enumerate().filter(|(_, line)| is_key(line)) {
            let (id, key) = read(line).ok_or(InvalidKeyFile::Line(index + 1))?;
            if keys.iter().map(MasterKey::id).chain(&lost).any(|other| *other == id) {
                return Err(InvalidKeyFile::Twice(id));
            }
            if keys.len() + lost.len() == MASTER_KEYS_MAX {
                return Err(InvalidKeyFile::TooMany);
            }
            match key {
                Some(key) => keys.push(key),
                None => lost.push(id),
            }
        }
        let mut keys = keys.into_iter();
        let primary = keys.next().ok_or(InvalidKeyFile::Empty)?;
        Ok(MasterKeys::new(primary, keys.collect()).with_lost(lost))
    }

    /// The file with a key at its end, which opens and does not seal.
    ///
    /// # Errors
    /// [`KeyChangeError::Invalid`]: it is no key file, or would be none.
    pub fn with_added(&self, key: &MasterKey) -> Result<Self, KeyChangeError> {
        self.keys()?;
        let line = key.line();
        let added = Self::of_lines(self.text.lines().chain([line.as_str()]));
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

    /// The file without a key of its, or without a word that it is lost.
    ///
    /// # Errors
    /// [`KeyChangeError`].
    pub fn without(&self, id: &KeyId) -> Result<Self, KeyChangeError> {
        let keys = self.keys()?;
        if keys.primary().id() == id {
            return Err(KeyChangeError::Primary(id.clone()));
        }
        if keys.find(id.as_str()).is_none() && !keys.is_lost(id.as_str()) {
            return Err(KeyChangeError::NotFound(id.clone()));
        }
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

/// A key and its name; no key where it is said to be lost.
fn read(line: &str) -> Option<(KeyId, Option<MasterKey>)> {
    let mut words = line.split_whitespace();
    let (id, word): (KeyId, _) = (words.next()?.parse().ok()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    match word {
        LOST => Some((id, None)),
        encoded => MasterKey::from_base64(id.clone(), encoded).map(|key| (id, Some(key))),
    }
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
    fn a_key_that_is_lost_is_known_by_its_name_and_its_line_can_be_removed() {
        let text = format!("mk_gone lost\n{}\n", *key(1).line());
        let keys = file(&text).keys().ok().unwrap();
        assert_eq!(keys.lost(), ["mk_gone".parse().unwrap()]);
        assert!(keys.is_lost("mk_gone") && !keys.is_lost(key(1).id().as_str()));
        assert_eq!(ids(&file(&text)), [key(1).id().clone()], "the first key is the primary one");
        let removed = file(&text).without(&"mk_gone".parse().unwrap()).ok().unwrap();
        assert_eq!(removed.text(), format!("{}\n", *key(1).line()));
        let gone = file(&text).with_primary(&"mk_gone".parse().unwrap());
        assert_eq!(gone.err(), Some(KeyChangeError::NotFound("mk_gone".parse().unwrap())));
        assert_eq!(file("mk_gone lost\n").keys().err(), Some(InvalidKeyFile::Empty));
    }

    #[test]
    fn lines_may_end_in_carriage_returns_or_in_none() {
        let text = format!("\r\n{}\r\n  {}", *key(1).line(), *key(2).line());
        assert_eq!(ids(&file(&text)), [key(1).id().clone(), key(2).id().clone()]);
        assert_eq!(ids(&file(&text).with_added(&key(3)).ok().unwrap()).len(), 3);
    }
}
