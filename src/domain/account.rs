//! The account: one business that uses Bookora. Accounts are made elsewhere; here they are a name
//! that every row and every query carries.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest account id, in bytes: any id scheme in use fits, and an index row stays small.
pub const ACCOUNT_ID_BYTES_MAX: usize = 64;

/// The id of an account: 1-64 of `A-Z a-z 0-9 _ - . :`, beginning with a letter or a digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Arc<str>);

/// The text is no account id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1-64 characters of A-Z a-z 0-9 _ - . : beginning with a letter or a digit")]
pub struct InvalidAccountId;

impl AccountId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = InvalidAccountId;

    fn from_str(text: &str) -> Result<Self, InvalidAccountId> {
        let begins_well = text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if begins_well && text.len() <= ACCOUNT_ID_BYTES_MAX && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAccountId)
        }
    }
}

/// As a text it is equal, sorted and hashed as it is as an id.
impl Borrow<str> for AccountId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whose rows a read may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountScope {
    /// Every account (AIP-159, written `-`).
    All,
    /// One account.
    One(AccountId),
}

impl AccountScope {
    /// The account, where it is one.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::All => None,
            Self::One(account) => Some(account),
        }
    }
}

impl fmt::Display for AccountScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("-"),
            Self::One(account) => account.fmt(formatter),
        }
    }
}
