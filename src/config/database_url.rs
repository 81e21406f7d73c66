//! The database's URL, which may hold a password: nothing that shows it shows that.

use std::fmt;
use std::str::FromStr;

/// What stands where a password is not shown.
const HIDDEN: &str = "***";
/// The beginnings of URLs that the store knows what to do with.
const SCHEMES: [&str; 3] = ["sqlite:", "postgres://", "postgresql://"];

/// Where the database is, and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// The URL names no kind of database that there is here. It is not shown: it may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this kind of database is not supported: use sqlite://<path>?mode=rwc, or \
     postgres://<user>:<password>@<host>:<port>/<database>"
)]
pub struct UnsupportedDatabase;

impl FromStr for DatabaseUrl {
    type Err = UnsupportedDatabase;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_supported = SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        is_supported.then(|| Self(text.to_owned())).ok_or(UnsupportedDatabase)
    }
}

impl DatabaseUrl {
    /// The URL with its password, for the store alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is what is shown instead of a URL with a password, and so is of no use.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.to_string() == self.0 && self.0.contains(HIDDEN) && !self.0.starts_with("sqlite:")
    }
}

/// Without its password, wherever PostgreSQL lets one stand: before the host, or as a parameter.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = match self.0.split_once("://") {
            Some((scheme, rest)) if scheme != "sqlite" => (scheme, rest),
            _ => return f.write_str(&self.0),
        };
        write!(f, "{scheme}://")?;
        // A password may hold any character, where it was not encoded: all up to the last `@`.
        let (user, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        match user.split_once(':') {
            Some((name, _)) => write!(f, "{name}:{HIDDEN}@")?,
            None if rest.contains('@') => write!(f, "{user}@")?,
            None => {}
        }
        let (place, parameters) = place.split_once('?').unwrap_or((place, ""));
        f.write_str(place)?;
        for (number, parameter) in parameters.split('&').filter(|text| !text.is_empty()).enumerate()
        {
            f.write_str(if number == 0 { "?" } else { "&" })?;
            match parameter.split_once('=') {
                Some((name, _)) if name.to_ascii_lowercase().contains("pass") => {
                    write!(f, "{name}={HIDDEN}")?;
                }
                _ => f.write_str(parameter)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<DatabaseUrl>().unwrap().to_string()
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (url, is_shown) in [
            ("postgres://ann:canary@h1:5432,h2/db", "postgres://ann:***@h1:5432,h2/db"),
            ("postgresql://ann:ca@na/ry?x@h/db?a=b", "postgresql://ann:***@h/db?a=b"),
            ("postgres://ann@h/db?a=b&password=canary", "postgres://ann@h/db?a=b&password=***"),
            ("postgres://h/db?sslpassword=canary&c=d", "postgres://h/db?sslpassword=***&c=d"),
            ("postgres:///db?host=/run/p@th", "postgres:///db?host=/run/p@th"),
            ("sqlite:///a:b@c.db?mode=rwc", "sqlite:///a:b@c.db?mode=rwc"),
            ("sqlite:bookora.db", "sqlite:bookora.db"),
        ] {
            assert_eq!(shown(url), is_shown);
            assert!(!format!("{:?}", url.parse::<DatabaseUrl>()).contains("canary"));
        }
    }

    #[test]
    fn what_is_shown_is_known_again_and_nothing_else_is() {
        let is_hidden = |text: &str| text.parse::<DatabaseUrl>().unwrap().is_hidden();
        assert!(is_hidden("postgres://ann:***@h/db"));
        assert!(is_hidden("postgres://h/db?password=***"));
        assert!(!is_hidden("postgres://ann:word@h/db"));
        assert!(!is_hidden("postgres://ann@h/db"));
        assert!(!is_hidden("sqlite://***.db"));
    }

    #[test]
    fn another_kind_of_database_is_refused_without_showing_the_url() {
        let refused = "mysql://ann:canary@h/db".parse::<DatabaseUrl>().unwrap_err().to_string();
        assert!(refused.contains("not supported") && !refused.contains("canary"), "{refused}");
    }
}
