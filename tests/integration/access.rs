//! Who may call what: credentials, roles, accounts; the tokens file; the audit log.

mod audit;
mod credentials;
mod matrix;
mod rpcs;
mod token_command;
mod tokens_file;

use std::path::PathBuf;

use bookora_webhooks::domain::access_token::AccessToken;
use bookora_webhooks::domain::random::SystemRandom;
use tempfile::TempDir;
use tonic::Code;

use crate::caller::{Authorization, Caller};
use crate::refusal::Refusal;
use crate::service::Service;

/// A tokens file of a test's own.
pub struct TokensFile {
    folder: TempDir,
    entries: Vec<String>,
}

impl TokensFile {
    /// A file that lets nobody in.
    pub fn new() -> Self {
        let file =
            Self { folder: tempfile::tempdir().expect("a temporary folder"), entries: Vec::new() };
        file.write("");
        file
    }

    /// Lets a new token in; the token.
    pub fn add(&mut self, name: &str, roles: &[&str], accounts: &[&str]) -> String {
        let token = AccessToken::generate(&SystemRandom);
        self.entries.push(format!(
            "[[tokens]]\nname = {name:?}\nsha256 = \"{}\"\nroles = {roles:?}\naccounts = {accounts:?}\n",
            token.digest(),
        ));
        self.write(&self.entries.join("\n"));
        token.expose().to_owned()
    }

    /// Takes the entry of that name out.
    pub fn revoke(&mut self, name: &str) {
        let before = self.entries.len();
        self.entries.retain(|entry| !entry.contains(&format!("name = {name:?}\n")));
        assert_eq!(self.entries.len(), before - 1, "there was one");
        self.write(&self.entries.join("\n"));
    }

    /// Puts another content into its place, whole.
    pub fn write(&self, content: &str) {
        let new = self.folder.path().join("new.toml");
        std::fs::write(&new, content).expect("it is written");
        std::fs::rename(new, self.path()).expect("it takes the place of the one before");
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("tokens.toml")
    }

    /// The argument that makes a service use it.
    pub fn argument(&self) -> String {
        format!("--tokens-file={}", self.path().display())
    }

    /// A service that uses it.
    pub fn start(&self) -> Service {
        Service::start(&[&self.argument()])
    }
}

/// A caller with a token.
pub async fn caller_with(service: &Service, token: &str) -> Caller {
    Caller::authorized(service.channel().await, Authorization::bearer(token))
}

/// A refusal that says who may call and nothing else.
pub fn refusal(code: Code, reason: &str) -> Refusal {
    Refusal { code, reason: reason.to_owned(), fields: Vec::new(), resource: None }
}

/// The caller showed nothing.
pub fn missing() -> Refusal {
    refusal(Code::Unauthenticated, "CREDENTIALS_MISSING")
}

/// What the caller showed is not good.
pub fn invalid() -> Refusal {
    refusal(Code::Unauthenticated, "CREDENTIALS_INVALID")
}

/// The caller may not.
pub fn denied() -> Refusal {
    refusal(Code::PermissionDenied, "PERMISSION_DENIED")
}
