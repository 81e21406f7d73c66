//! Reads the tokens file at the start and again whenever its content changes, so that a token is
//! added or revoked without a restart.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::credentials::Credentials;
use super::tokens_file::{self, InvalidTokensFile, TOKENS_FILE_BYTES_MAX};

/// How often the file is looked at: so long a revoked token is good at most.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Who must not be able to write the file: its group, and others. A line in it lets somebody in.
#[cfg(unix)]
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why a tokens file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TokensFileError {
    /// Look at the path and at who may read it.
    #[error("cannot read it: {0}")]
    Read(#[from] std::io::Error),
    /// It could not be read twice.
    #[error("is not a regular file")]
    NoFile,
    /// Take the rights of others away.
    #[error("others than its owner may write it: chmod go-w")]
    Writable,
    /// Far fewer entries are enough.
    #[error("has more than {TOKENS_FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no text.
    #[error("is not UTF-8")]
    NoText,
    /// Correct it.
    #[error(transparent)]
    Invalid(#[from] InvalidTokensFile),
}

/// The tokens file and what it said last.
pub struct TokensFollower {
    path: PathBuf,
    /// The content, or why there was none, so that nothing is said twice.
    seen: Result<String, String>,
    current: watch::Sender<Arc<Credentials>>,
}

impl TokensFollower {
    /// Reads the file.
    ///
    /// # Errors
    /// [`TokensFileError`] says what to do.
    pub fn open(path: PathBuf) -> Result<Self, TokensFileError> {
        let text = read(&path)?;
        let credentials = tokens_file::parse(&text)?;
        let (current, _) = watch::channel(Arc::new(credentials));
        Ok(Self { path, seen: Ok(text), current })
    }

    /// What is good, as it changes.
    #[must_use]
    pub fn credentials(&self) -> watch::Receiver<Arc<Credentials>> {
        self.current.subscribe()
    }

    /// Follows the file until it is told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let path = self.path.clone();
            let look = async {
                looks.tick().await;
                tokio::task::spawn_blocking(move || read(&path)).await
            };
            tokio::select! {
                () = stop.cancelled() => return,
                found = look => match found {
                    Ok(found) => self.take(found),
                    Err(error) => tracing::error!(%error, "the tokens file was not looked at"),
                },
            }
        }
    }

    /// Takes over what is new. What is wrong changes nothing: those who were let in still are.
    fn take(&mut self, found: Result<String, TokensFileError>) {
        let seen = found.as_ref().map(String::clone).map_err(ToString::to_string);
        if seen == self.seen {
            return;
        }
        self.seen = seen;
        match found.and_then(|text| Ok(tokens_file::parse(&text)?)) {
            Ok(credentials) => {
                let (tokens, certificates) =
                    (credentials.tokens.len(), credentials.certificates.len());
                self.current.send_replace(Arc::new(credentials));
                tracing::info!(tokens, certificates, "the tokens file was read again");
            }
            Err(error) => {
                let path = self.path.display();
                tracing::error!(%path, %error, "the tokens file is not taken; the one before applies");
            }
        }
    }
}

/// The content of a tokens file.
///
/// # Errors
/// [`TokensFileError`] says what to do.
pub fn read(path: &Path) -> Result<String, TokensFileError> {
    // Asked before it is opened: to open a pipe is to wait for whoever writes into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(TokensFileError::NoFile);
    }
    let file = File::open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(TokensFileError::Writable);
        }
    }
    let mut content = Vec::new();
    file.take(TOKENS_FILE_BYTES_MAX + 1).read_to_end(&mut content)?;
    if content.len() as u64 > TOKENS_FILE_BYTES_MAX {
        return Err(TokensFileError::TooLarge);
    }
    String::from_utf8(content).map_err(|_| TokensFileError::NoText)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: &str = "# nobody\n";
    const ONE: &str = "[[certificates]]\nname='a'\nroles=['viewer']\naccounts=['*']\n";

    fn follower() -> (TokensFollower, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        std::fs::write(&path, NOBODY).unwrap();
        (TokensFollower::open(path).ok().unwrap(), folder)
    }

    #[test]
    fn a_new_content_is_taken_and_a_bad_one_is_not() {
        let (mut follower, _folder) = follower();
        let credentials = follower.credentials();
        let known = || credentials.borrow().certificates.len();
        assert_eq!(known(), 0);
        follower.take(Ok(ONE.to_owned()));
        assert_eq!(known(), 1);
        follower.take(Ok("nonsense".to_owned()));
        follower.take(Err(TokensFileError::TooLarge));
        assert_eq!(known(), 1);
        follower.take(Ok(NOBODY.to_owned()));
        assert_eq!(known(), 0);
    }

    #[test]
    fn what_has_not_changed_is_not_taken_again() {
        let (mut follower, _folder) = follower();
        let mut credentials = follower.credentials();
        follower.take(Ok(NOBODY.to_owned()));
        assert!(!credentials.has_changed().unwrap());
        follower.take(Ok(ONE.to_owned()));
        assert!(credentials.has_changed().unwrap());
        credentials.mark_unchanged();
        follower.take(Ok(ONE.to_owned()));
        assert!(!credentials.has_changed().unwrap());
    }

    #[test]
    fn a_file_that_is_missing_too_large_or_no_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.toml");
        assert!(matches!(read(&path), Err(TokensFileError::Read(_))));
        assert!(matches!(read(folder.path()), Err(TokensFileError::NoFile)));
        std::fs::write(&path, [0xff]).unwrap();
        assert!(matches!(read(&path), Err(TokensFileError::NoText)));
        let largest = "#".repeat(usize::try_from(TOKENS_FILE_BYTES_MAX).unwrap());
        std::fs::write(&path, &largest).unwrap();
        assert!(read(&path).is_ok());
        std::fs::write(&path, largest + "#").unwrap();
        assert!(matches!(read(&path), Err(TokensFileError::TooLarge)));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (follower, _folder) = follower();
        for (mode, is_taken) in
            [(0o600, true), (0o644, true), (0o400, true), (0o620, false), (0o602, false)]
        {
            let rights = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&follower.path, rights).unwrap();
            assert_eq!(read(&follower.path).is_ok(), is_taken, "{mode:o}");
        }
    }
}
