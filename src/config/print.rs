//! The settings as they are in effect, printed as a configuration file.

use std::ffi::OsString;
use std::fmt::Write;

use super::DatabaseUrl;
use super::fault::Fault;
use super::origin::Origin;
use super::setting::Setting;

/// What a setting is set to, and by whom.
#[derive(Clone)]
pub struct Effective {
    pub(super) setting: Setting,
    /// Each value as a flag has it; none where it is not set.
    pub(super) values: Vec<OsString>,
    pub(super) origin: Origin,
}

/// All of them as TOML. What is secret is hidden, and what is for tests is left out unless it is
/// set.
///
/// # Errors
/// A value that TOML cannot hold.
pub fn print(all: &[Effective]) -> Result<String, Fault> {
    let mut printed = format!(
        "# The settings of bookora-webhooks {}, as they are in effect, and where each comes from.\n\
         # Written into a file they can be used with --config.\n",
        env!("CARGO_PKG_VERSION")
    );
    for one in all {
        if one.setting.is_for_tests() && one.origin == Origin::Default {
            continue;
        }
        let line = one.line()?;
        writeln!(printed, "{line}").expect("a string takes it");
    }
    Ok(printed)
}

impl Effective {
    fn line(&self) -> Result<String, Fault> {
        let key = self.setting.key();
        if self.values.is_empty() {
            return Ok(format!("# {key} is not set"));
        }
        let texts: Option<Vec<&str>> = self.values.iter().map(|value| value.to_str()).collect();
        let texts = texts.ok_or_else(|| Fault::NotPrintable { flag: self.setting.flag() })?;
        let value = if self.setting.is_list() {
            let items: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", items.join(", "))
        } else {
            self.one(texts[0])
        };
        Ok(format!("{key} = {value} # {}", single_line(&self.origin.to_string())))
    }

    fn one(&self, text: &str) -> String {
        if self.setting.is_switch() || text.parse::<i64>().is_ok_and(|n| n.to_string() == text) {
            return text.to_owned();
        }
        if self.setting.is_secret() {
            let url = text.parse::<DatabaseUrl>().expect("the only secret, and it was read");
            return quoted(&url.to_string());
        }
        quoted(text)
    }
}

/// A basic string of TOML (1.0.0, String).
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(c)).expect("a string takes it");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A comment ends with its line, also where a file's name does not.
fn single_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in any::<String>()) {
            let document = format!("key = {}", quoted(&text));
            let table = toml::de::DeTable::parse(&document).expect("it is TOML");
            let value = table.get_ref().get("key").expect("it is there").get_ref().as_str();
            prop_assert_eq!(value, Some(text.as_str()));
        }
    }
}
