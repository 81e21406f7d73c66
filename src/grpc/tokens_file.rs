//! The tokens file: TOML that says which tokens and client certificates are good, and for what. It
//! is read whole or not at all.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::caller::Principal;
use super::credentials::Credentials;
use crate::domain::access::{Accounts, CredentialName, Grant, Role, Roles};
use crate::domain::access_token::TokenDigest;
use crate::domain::account::AccountId;

/// Largest tokens file, in bytes: some 5,000 entries.
pub const TOKENS_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest name of a certificate, in bytes: DNS names have 253, URIs are of that order.
const CERTIFICATE_NAME_BYTES_MAX: usize = 255;
/// How every account is written.
const ALL_ACCOUNTS: &str = "*";

/// What is wrong with a tokens file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct InvalidTokensFile {
    line: usize,
    problem: String,
}

/// Reads a tokens file.
///
/// # Errors
/// The line, entry and field that is not as documented.
pub fn parse(text: &str) -> Result<Credentials, InvalidTokensFile> {
    let reader = Reader { text };
    let document = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        reader.problem(at, error.message())
    })?;
    let mut credentials = Credentials::default();
    for (key, value) in document.get_ref() {
        let read = match key.get_ref().as_ref() {
            "tokens" => Reader::token,
            "certificates" => Reader::certificate,
            other => {
                let allowed = "is not known; there are [[tokens]] and [[certificates]]";
                return Err(reader.problem(key.span().start, format_args!("`{other}` {allowed}")));
            }
        };
        for entry in reader.tables(key, value)? {
            read(&reader, entry, &mut credentials)?;
        }
    }
    Ok(credentials)
}

type Value<'t> = Spanned<DeValue<'t>>;

/// Reads entries, and says where in the text one is wrong.
struct Reader<'t> {
    text: &'t str,
}

impl<'t> Reader<'t> {
    fn problem(&self, at: usize, problem: impl Display) -> InvalidTokensFile {
        let line = 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        InvalidTokensFile { line, problem: problem.to_string() }
    }

    fn token(
        &self,
        entry: &Value<'t>,
        credentials: &mut Credentials,
    ) -> Result<(), InvalidTokensFile> {
        let fields = self.fields(entry, "tokens", &["name", "sha256", "roles", "accounts"])?;
        let name: CredentialName = self.parsed(fields[0])?;
        let digest: TokenDigest = self.parsed(fields[1])?;
        let principal = self.principal(name.to_string(), fields[2], fields[3])?;
        if credentials.tokens.values().any(|other| other.name == principal.name) {
            return Err(self.problem(fields[0].at(), format_args!("{} is taken", fields[0])));
        }
        if credentials.tokens.insert(digest, principal).is_some() {
            let problem = format_args!("{} is that of another entry", fields[1]);
            return Err(self.problem(fields[1].at(), problem));
        }
        Ok(())
    }

    fn certificate(
        &self,
        entry: &Value<'t>,
        credentials: &mut Credentials,
    ) -> Result<(), InvalidTokensFile> {
        let fields = self.fields(entry, "certificates", &["name", "roles", "accounts"])?;
        let name = certificate_name(self.text_of(fields[0])?).ok_or_else(|| {
            let allowed = "must be a DNS name without `*`, or a URI such as spiffe://domain/path";
            self.problem(fields[0].at(), format_args!("{} {allowed}", fields[0]))
        })?;
        let principal = self.principal(name.clone(), fields[1], fields[2])?;
        if credentials.certificates.insert(name, principal).is_some() {
            return Err(self.problem(fields[0].at(), format_args!("{} is taken", fields[0])));
        }
        Ok(())
    }

    fn principal(
        &self,
        name: String,
        roles: Field<'_, 't>,
        accounts: Field<'_, 't>,
    ) -> Result<Arc<Principal>, InvalidTokensFile> {
        let read: Result<Vec<Role>, _> =
            self.list_of(roles)?.into_iter().map(|role| self.parsed(role)).collect();
        let roles: Roles = read?.into_iter().collect();
        let listed = self.list_of(accounts)?;
        let accounts = match listed[..] {
            [only] if self.text_of(only)? == ALL_ACCOUNTS => Accounts::All,
            _ => {
                let read: Result<BTreeSet<AccountId>, _> =
                    listed.into_iter().map(|account| self.parsed(account)).collect();
                Accounts::Only(read?)
            }
        };
        Ok(Arc::new(Principal { name, grant: Grant { roles, accounts } }))
    }

    fn tables<'d>(
        &self,
        key: &Spanned<impl Display>,
        value: &'d Value<'t>,
    ) -> Result<Vec<&'d Value<'t>>, InvalidTokensFile> {
        let is_table = |entry: &Value| matches!(entry.get_ref(), DeValue::Table(_));
        match value.get_ref() {
            DeValue::Array(entries) if entries.iter().all(is_table) => Ok(entries.iter().collect()),
            _ => {
                let name = key.get_ref();
                let problem = format_args!("`{name}` must be entries that begin with [[{name}]]");
                Err(self.problem(key.span().start, problem))
            }
        }
    }

    /// The values of these fields, in this order; there must be all of them and no others.
    fn fields<'d, const N: usize>(
        &self,
        entry: &'d Value<'t>,
        kind: &'static str,
        names: &[&'static str; N],
    ) -> Result<[Field<'d, 't>; N], InvalidTokensFile> {
        let DeValue::Table(table) = entry.get_ref() else { unreachable!("`tables` looked") };
        let is_known = |key: &str| names.contains(&key);
        if let Some((key, _)) = table.iter().find(|(key, _)| !is_known(key.get_ref())) {
            let problem = format_args!("{kind}: `{}` is not known", key.get_ref());
            return Err(self.problem(key.span().start, problem));
        }
        let find = |name: &'static str| table.get(name).map(|value| Field { kind, name, value });
        if let Some(missing) = names.iter().find(|name| find(name).is_none()) {
            let problem = format_args!("{kind}: `{missing}` must be set");
            return Err(self.problem(entry.span().start, problem));
        }
        Ok(names.map(|name| find(name).expect("none is missing")))
    }

    fn text_of<'d>(&self, field: Field<'d, 't>) -> Result<&'d str, InvalidTokensFile> {
        match field.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.problem(field.at(), format_args!("{field} must be a text in quotes"))),
        }
    }

    fn parsed<T>(&self, field: Field<'_, 't>) -> Result<T, InvalidTokensFile>
    where
        T: std::str::FromStr,
        T::Err: Display,
    {
        let text = self.text_of(field)?;
        text.parse().map_err(|error| self.problem(field.at(), format_args!("{field} {error}")))
    }

    fn list_of<'d>(&self, field: Field<'d, 't>) -> Result<Vec<Field<'d, 't>>, InvalidTokensFile> {
        match field.value.get_ref() {
            DeValue::Array(values) if !values.is_empty() => {
                Ok(values.iter().map(|value| Field { value, ..field }).collect())
            }
            _ => {
                let problem = format_args!("{field} must be a list with at least one entry");
                Err(self.problem(field.at(), problem))
            }
        }
    }
}

/// A field of an entry, or one value of its list.
#[derive(Clone, Copy)]
struct Field<'d, 't> {
    kind: &'static str,
    name: &'static str,
    value: &'d Value<'t>,
}

impl Field<'_, '_> {
    fn at(self) -> usize {
        self.value.span().start
    }
}

impl Display for Field<'_, '_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: `{}`", self.kind, self.name)
    }
}

/// A name that a certificate can have: a DNS name, in lower case, or a URI.
fn certificate_name(text: &str) -> Option<String> {
    if text.len() > CERTIFICATE_NAME_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return None;
    }
    if text.contains("://") {
        return url::Url::parse(text).is_ok().then(|| text.to_owned());
    }
    let is_label = |label: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !label.is_empty() && label.bytes().all(allowed)
    };
    text.split('.').all(is_label).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
