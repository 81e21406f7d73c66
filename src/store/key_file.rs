//! The master key file on disk: read with a look at who else may read it, made once, and changed by
//! putting another whole file in its place, so that nobody ever sees half of one.

use std::fs::{File, Metadata, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use crate::domain::key_file::{InvalidKeyFile, KEY_FILE_BYTES_MAX, KeyChangeError, KeyFile};
use crate::domain::master_key::{KeyId, MasterKey, MasterKeys};

/// Rights of a file that is made: its owner's alone.
const OWNER_ONLY: u32 = 0o600;
/// Rights that a file must not give: anything to everybody, and writing to its group. Its group may
/// read it, since that is how orchestrators hand a file to a process that is not root.
const FORBIDDEN_RIGHTS: u32 = 0o027;

/// What was wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error(
        "there is no master key file {0}: put it back from its backup or, where no secret was \
         stored yet, make one with `bookora-webhooks master-key new --file {0}`"
    )]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("cannot read the master key file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the master key file {path}")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Too many may read or write it.
    #[error(
        "the master key file {path} can be read by others (its mode is {mode:03o}): take their \
         rights away with `chmod 600 {path}`"
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its rights.
        mode: u32,
    },
    /// It is no key file.
    #[error("the master key file {path} cannot be used: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: InvalidKeyFile,
    },
    /// It cannot be changed so.
    #[error("the master key file {path} was not changed: {problem}")]
    Unchanged {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: KeyChangeError,
    },
}

/// The keys in a file.
///
/// # Errors
/// [`KeyFileError`], in words for the operator; nothing of the file is in them.
pub fn read(path: &Path) -> Result<MasterKeys, KeyFileError> {
    let (file, _) = read_whole(path)?;
    file.keys().map_err(|problem| KeyFileError::Invalid { path: path.to_owned(), problem })
}

/// Makes a file with one new key, where there is none, and says what the key is called.
///
/// # Errors
/// [`KeyFileError::Unwritable`], also where there is one.
pub fn make(path: &Path, key: &MasterKey) -> Result<(), KeyFileError> {
    let failed = |source| KeyFileError::Unwritable { path: path.to_owned(), source };
    let made = write_beside(path, &KeyFile::new(key), OWNER_ONLY).map_err(failed)?;
    made.persist_noclobber(path).map_err(|error| failed(error.error))?;
    sync_folder(path).map_err(failed)
}

/// Adds a key behind the others: it opens and does not seal. Where there is no file one is made,
/// and the key is its primary one.
///
/// # Errors
/// [`KeyFileError`].
pub fn add(path: &Path, key: &MasterKey) -> Result<(), KeyFileError> {
    match change(path, |file| file.with_added(key)) {
        Err(KeyFileError::Missing(_)) => make(path, key),
        added => added,
    }
}

/// Makes a key of the file the primary one, which seals.
///
/// # Errors
/// [`KeyFileError`].
pub fn make_primary(path: &Path, id: &KeyId) -> Result<(), KeyFileError> {
    change(path, |file| file.with_primary(id))
}

/// Takes a key out of the file; not the primary one.
///
/// # Errors
/// [`KeyFileError`].
pub fn remove(path: &Path, id: &KeyId) -> Result<(), KeyFileError> {
    change(path, |file| file.without(id))
}

/// Puts a changed file in the place of the one that is there, with its rights and its owner.
fn change(
    path: &Path,
    change: impl FnOnce(&KeyFile) -> Result<KeyFile, KeyChangeError>,
) -> Result<(), KeyFileError> {
    let (file, metadata) = read_whole(path)?;
    let changed = change(&file);
    let changed =
        changed.map_err(|problem| KeyFileError::Unchanged { path: path.to_owned(), problem })?;
    replace(path, &changed, &metadata)
        .map_err(|source| KeyFileError::Unwritable { path: path.to_owned(), source })
}

fn replace(path: &Path, file: &KeyFile, before: &Metadata) -> std::io::Result<()> {
    // A link stays one: it is what it leads to that is replaced.
    let path = path.canonicalize()?;
    let made = write_beside(&path, file, before.mode() & 0o777)?;
    let owner = made.as_file().metadata()?;
    if (owner.uid(), owner.gid()) != (before.uid(), before.gid()) {
        // Changed by root, it is still to be read by whom it was made for.
        std::os::unix::fs::fchown(made.as_file(), Some(before.uid()), Some(before.gid()))?;
    }
    made.persist(&path)?;
    sync_folder(&path)
}

/// A file on disk that has no name of its own yet.
fn write_beside(path: &Path, file: &KeyFile, mode: u32) -> std::io::Result<NamedTempFile> {
    let mut made = NamedTempFile::new_in(folder_of(path))?;
    made.write_all(file.text().as_bytes())?;
    made.as_file().set_permissions(Permissions::from_mode(mode))?;
    made.as_file().sync_all()?;
    Ok(made)
}

/// The new name is on disk too.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn read_whole(path: &Path) -> Result<(KeyFile, Metadata), KeyFileError> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        _ => KeyFileError::Unreadable { path: path.to_owned(), source },
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.mode() & 0o777;
    if mode & FORBIDDEN_RIGHTS != 0 {
        return Err(KeyFileError::TooOpen { path: path.to_owned(), mode });
    }
    // One piece of memory from the start: what it would grow out of is not wiped.
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX + 1));
    file.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() > KEY_FILE_BYTES_MAX {
        let source = std::io::Error::other(format!("it is over {KEY_FILE_BYTES_MAX} bytes"));
        return Err(failed(source));
    }
    Ok((KeyFile::of(text), metadata))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::domain::random::SeededRandom;

    fn key(seed: u64) -> MasterKey {
        MasterKey::generate(&SeededRandom::new(seed))
    }

    fn ids(path: &Path) -> Vec<KeyId> {
        read(path).expect("it is read").iter().map(|key| key.id().clone()).collect()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_is_made_for_its_owner_alone_and_changed_with_its_rights_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let [first, second] = [key(1).id().clone(), key(2).id().clone()];
        add(&path, &key(1)).unwrap();
        assert_eq!((ids(&path), mode(&path)), (vec![first.clone()], 0o600));
        std::fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
        add(&path, &key(2)).unwrap();
        assert_eq!((ids(&path), mode(&path)), (vec![first.clone(), second.clone()], 0o440));
        make_primary(&path, &second).unwrap();
        remove(&path, &first).unwrap();
        assert_eq!((ids(&path), mode(&path)), (vec![second.clone()], 0o440));
        assert!(matches!(remove(&path, &second), Err(KeyFileError::Unchanged { .. })));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_that_is_there_is_not_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        make(&path, &key(1)).unwrap();
        assert!(matches!(make(&path, &key(2)), Err(KeyFileError::Unwritable { .. })));
        assert_eq!(ids(&path), [key(1).id().clone()]);
    }

    #[test]
    fn a_file_that_everybody_may_read_or_its_group_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        make(&path, &key(1)).unwrap();
        for (rights, is_fine) in [
            (0o400, true),
            (0o600, true),
            (0o640, true),
            (0o644, false),
            (0o660, false),
            (0o601, false),
        ] {
            std::fs::set_permissions(&path, Permissions::from_mode(rights)).unwrap();
            match read(&path) {
                Ok(_) => assert!(is_fine, "{rights:o}"),
                Err(KeyFileError::TooOpen { mode, .. }) => assert!(!is_fine && mode == rights),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn a_link_to_a_file_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("real.key"), folder.path().join("link.key"));
        make(&path, &key(1)).unwrap();
        symlink(&path, &link).unwrap();
        add(&link, &key(2)).unwrap();
        assert_eq!(ids(&path).len(), 2);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn what_is_no_key_file_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let says = |path: &Path| read(path).err().map(|error| error.to_string()).unwrap();
        assert!(says(&path).contains("master-key new --file"), "{}", says(&path));
        let write = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        };
        write(b"hunter2 is the key\n");
        assert!(says(&path).contains("line 1"), "{}", says(&path));
        assert!(!says(&path).contains("hunter2"));
        write(&[0xff; 10]);
        assert!(says(&path).contains("cannot read"), "{}", says(&path));
        write(&vec![b'#'; KEY_FILE_BYTES_MAX + 1]);
        assert!(says(&path).contains("cannot read"), "{}", says(&path));
    }
}
