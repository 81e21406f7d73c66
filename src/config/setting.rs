//! A setting of `serve`, as its flag is declared: what it is called in each place that it can be
//! set in, and whether a value will do.

use std::ffi::{OsStr, OsString};

use clap::builder::OsStr as ClapText;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Args, Command};

use super::ServeArgs;

/// Settings whose value may hold a secret, by their keys.
const SECRETS: [&str; 1] = ["database_url"];

/// One setting.
#[derive(Clone)]
pub struct Setting(Arg);

impl Setting {
    /// Every setting, in the order of `serve --help`.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let serve = ServeArgs::augment_args(Command::new("serve"));
        serve.get_arguments().cloned().map(Self).collect()
    }

    /// What it is called in a configuration file: its variable in lower case, without `BOOKORA_`.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.get_id().as_str()
    }

    /// Its flag.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.0.get_long().expect("every setting has a flag"))
    }

    /// Its variable.
    #[must_use]
    pub fn variable(&self) -> String {
        let variable = self.0.get_env().expect("every setting has a variable");
        variable.to_string_lossy().into_owned()
    }

    /// What it does and what is allowed, as `serve --help` has it.
    #[must_use]
    pub fn help(&self) -> String {
        self.0.get_help().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether it is one for tests, which `serve --help` does not list.
    #[must_use]
    pub fn is_for_tests(&self) -> bool {
        self.0.is_hide_set()
    }

    /// Whether its value is never shown as it is.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        SECRETS.contains(&self.key())
    }

    /// Whether it is on or off.
    #[must_use]
    pub fn is_switch(&self) -> bool {
        matches!(self.0.get_action(), ArgAction::SetTrue)
    }

    /// Whether it holds any number of values.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.0.get_action(), ArgAction::Append)
    }

    /// What its variable is set to.
    #[must_use]
    pub fn in_environment(&self) -> Option<OsString> {
        std::env::var_os(self.variable())
    }

    /// Checks a value by itself.
    ///
    /// # Errors
    /// What is wrong with it; the value is not in it.
    pub fn check(&self, value: &OsStr) -> Result<(), String> {
        let alone = with_value(self.0.clone().env(None::<&'static str>), value);
        let read = Command::new("serve").arg(alone).try_get_matches_from(["serve"]);
        read.map(drop).map_err(|error| problem(&error))
    }
}

/// The argument, which has this value where neither a flag nor a variable says otherwise.
pub fn with_value(argument: Arg, value: &OsStr) -> Arg {
    argument.default_value(ClapText::from(value.to_owned()))
}

fn problem(error: &clap::Error) -> String {
    if let Some(source) = std::error::Error::source(error) {
        return source.to_string();
    }
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (_, Some(ContextValue::Strings(allowed))) if !allowed.is_empty() => {
            format!("must be {}", allowed.join(" or "))
        }
        (ErrorKind::InvalidUtf8, _) => "must be UTF-8".to_owned(),
        _ => "must not be empty".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &str) -> Setting {
        Setting::all().into_iter().find(|setting| setting.key() == key).expect("there is one")
    }

    #[test]
    fn every_setting_is_called_the_same_in_every_place() {
        for setting in Setting::all() {
            let key = setting.key().to_owned();
            assert_eq!(setting.variable(), format!("BOOKORA_{}", key.to_uppercase()));
            // Of a list the flag names one.
            let of_one = key.strip_suffix('s').filter(|_| setting.is_list()).unwrap_or(&key);
            assert_eq!(setting.flag(), format!("--{}", of_one.replace('_', "-")));
        }
    }

    #[test]
    fn a_value_is_checked_as_that_of_a_flag_is() {
        for (key, good, bad, wrong) in [
            ("insecure", "true", "1", "must be true or false"),
            ("insecure", "false", "yes", "must be true or false"),
            ("max_connections", "1000", "0", "0 is not in 1..=100000"),
            ("tls_cert", "c.pem", "", "must not be empty"),
            (
                "allow_networks",
                "10.0.0.0/8,127.0.0.0/8",
                "10.0.0.0/40",
                "invalid IP address syntax",
            ),
            ("request_timeout", "30s", "31s", "must be between 1s and 30s"),
        ] {
            assert_eq!(setting(key).check(OsStr::new(good)), Ok(()), "{key}");
            assert_eq!(setting(key).check(OsStr::new(bad)), Err(wrong.to_owned()), "{key}");
        }
    }
}
