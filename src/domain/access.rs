//! Who may call what: roles, one for each service, and the accounts that they are good for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::account::AccountId;

/// Longest name of a credential, in bytes: it is in every line of the audit log.
pub const CREDENTIAL_NAME_BYTES_MAX: usize = 64;

/// Which service a caller may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// EndpointAdmin.
    Admin,
    /// EventIngest.
    Publisher,
    /// DeliveryQuery.
    Viewer,
}

/// The text is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `admin`, `publisher` or `viewer`")]
pub struct InvalidRole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Publisher, Self::Viewer];

    /// How it is written in the tokens file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Publisher => "publisher",
            Self::Viewer => "viewer",
        }
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(InvalidRole)
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Every role.
    #[must_use]
    pub fn all() -> Self {
        Role::ALL.into_iter().collect()
    }

    /// Whether the role is one of them.
    #[must_use]
    pub const fn contains(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | 1 << role as u8))
    }
}

/// Whose data a caller may read and write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// Every account, and listings over all of them.
    All,
    /// These accounts.
    Only(BTreeSet<AccountId>),
}

impl Accounts {
    /// Whether the account is one of them.
    #[must_use]
    pub fn contain(&self, account_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(accounts) => accounts.contains(account_id),
        }
    }
}

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which services.
    pub roles: Roles,
    /// For which accounts.
    pub accounts: Accounts,
}

impl Grant {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { roles: Roles::all(), accounts: Accounts::All }
    }
}

/// What a token is called in its file and in the log: 1-64 of `A-Z a-z 0-9 _ - .`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialName(String);

/// The text is no name of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1-64 characters of A-Z a-z 0-9 _ - .")]
pub struct InvalidCredentialName;

impl FromStr for CredentialName {
    type Err = InvalidCredentialName;

    fn from_str(text: &str) -> Result<Self, InvalidCredentialName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if (1..=CREDENTIAL_NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCredentialName)
        }
    }
}

impl fmt::Display for CredentialName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_the_roles_that_were_put_in_and_no_other() {
        for bits in 0..8_u8 {
            let chosen = |role: Role| bits & 1 << role as u8 != 0;
            let roles: Roles = Role::ALL.into_iter().filter(|role| chosen(*role)).collect();
            for role in Role::ALL {
                assert_eq!(roles.contains(role), chosen(role), "{bits} {role:?}");
            }
        }
    }

    #[test]
    fn accounts_are_compared_whole() {
        let accounts = Accounts::Only(BTreeSet::from(["acct_1".parse().unwrap()]));
        assert!(accounts.contain("acct_1"));
        for other in ["acct_", "acct_10", "ACCT_1", " acct_1", "-", "*", ""] {
            assert!(!accounts.contain(other), "{other}");
        }
        assert!(Accounts::All.contain("acct_1") && Accounts::All.contain("-"));
    }

    #[test]
    fn a_name_has_nothing_in_it_that_a_log_line_could_be_forged_with() {
        assert!("billing-2026.v1_A".parse::<CredentialName>().is_ok());
        for text in ["", " ", "a b", "a\nb", "a\"b", "a=b", "ü", &"a".repeat(65)] {
            assert_eq!(text.parse::<CredentialName>(), Err(InvalidCredentialName), "{text:?}");
        }
    }
}
