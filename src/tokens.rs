//! `bookora-webhooks token`: makes tokens. Only their digests are kept.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::config::NewTokenArgs;
use crate::domain::access_token::AccessToken;
use crate::domain::random::Random;
use crate::grpc::{tokens_file, tokens_follower};

/// Makes a token and prints it, the only time that it is shown. Its entry is added to the tokens
/// file, or printed where there is none.
///
/// # Errors
/// A sentence for the operator: why the file was left as it was.
pub fn make(settings: &NewTokenArgs, random: &dyn Random) -> anyhow::Result<()> {
    let token = AccessToken::generate(random);
    let entry = entry(settings, &token);
    tokens_file::parse(&entry).expect("an entry that we write is read");
    match &settings.tokens_file {
        None => println!("token: {}\n\n{entry}", token.expose()),
        Some(path) => {
            add(path, &entry).with_context(|| format!("the tokens file {}", path.display()))?;
            println!("token: {}\nadded to: {}", token.expose(), path.display());
        }
    }
    Ok(())
}

/// The entry that makes a token good. Nothing in it needs escaping in TOML: names, roles and
/// accounts have no quotes.
fn entry(settings: &NewTokenArgs, token: &AccessToken) -> String {
    let roles: Vec<String> =
        settings.roles.iter().map(|role| format!("\"{}\"", role.name())).collect();
    let accounts: Vec<String> = if settings.all_accounts {
        vec!["\"*\"".to_owned()]
    } else {
        settings.accounts.iter().map(|account| format!("\"{account}\"")).collect()
    };
    format!(
        "[[tokens]]\nname = \"{}\"\nsha256 = \"{}\"\nroles = [{}]\naccounts = [{}]\n",
        settings.name,
        token.digest(),
        roles.join(", "),
        accounts.join(", ")
    )
}

/// Adds an entry: the file is replaced by one that has it, so that nobody reads half of it.
fn add(path: &Path, entry: &str) -> anyhow::Result<()> {
    // Through a link to the file itself.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let folder_handle = File::open(&folder).context("cannot open its folder")?;
    // Two that add at the same time do it one after the other.
    folder_handle.lock().context("cannot lock its folder")?;

    let old = match File::open(&path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).context("cannot open it"),
    };
    let before = if old.is_some() { tokens_follower::read(&path)? } else { String::new() };
    let gap = match before.as_str() {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let after = format!("{before}{gap}{entry}");
    tokens_file::parse(&after)?;

    // It is made for its owner only.
    let mut new = NamedTempFile::new_in(&folder).context("cannot write beside it")?;
    if let Some(old) = old {
        keep_rights(&old, new.as_file())?;
    }
    new.write_all(after.as_bytes()).context("cannot write it")?;
    new.as_file().sync_all().context("cannot write it")?;
    new.persist(&path).context("cannot replace it")?;
    folder_handle.sync_all().context("cannot write its folder")
}

/// Whoever may read a file may read the one in its place: the service runs as another user than
/// who adds a token.
#[cfg(unix)]
fn keep_rights(old: &File, new: &File) -> anyhow::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (before, now) = (old.metadata()?, new.metadata()?);
    if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
        fchown(new, Some(before.uid()), Some(before.gid()))
            .context("cannot give it to its owner; run this as that user")?;
    }
    new.set_permissions(before.permissions()).context("cannot keep its mode")
}
