//! The configuration file: TOML with one key for each setting, read whole or not at all.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::fault::Fault;
use super::origin::Place;
use super::setting::Setting;

/// Largest configuration file, in bytes: every setting at its longest fits in many times.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// How alike two words are, of 1, for one to be meant by the other; as clap has it for flags.
const MEANT: f64 = 0.7;

/// What a file sets.
#[derive(Debug, Default)]
pub struct SettingsFile {
    entries: Vec<Entry>,
}

/// One line of it.
#[derive(Debug)]
struct Entry {
    key: String,
    /// As a flag or a variable would have it; `None` for a list of nothing.
    value: Option<String>,
    place: Place,
}

impl SettingsFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: &Path, settings: &[Setting]) -> Result<Self, Vec<Fault>> {
        let unreadable = |problem: &dyn std::fmt::Display| {
            vec![Fault::UnreadableFile { path: path.to_owned(), problem: problem.to_string() }]
        };
        let mut text = String::new();
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let length = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
        let length = length.map_err(|error| unreadable(&error))?;
        if length as u64 > FILE_BYTES_MAX {
            return Err(unreadable(&format_args!("it is larger than {FILE_BYTES_MAX} bytes")));
        }
        Self::parse(path, &text, settings)
    }

    fn parse(path: &Path, text: &str, settings: &[Setting]) -> Result<Self, Vec<Fault>> {
        let document = DeTable::parse(text).map_err(|error| {
            let place = place(path, text, error.span().map_or(0, |span| span.start));
            vec![Fault::NotToml { place, problem: error.message().to_owned() }]
        })?;
        let (mut entries, mut faults) = (Vec::new(), Vec::new());
        for (key, value) in document.get_ref() {
            let place = place(path, text, key.span().start);
            match entry(key.get_ref(), value.get_ref(), place, settings) {
                Ok(entry) => entries.push(entry),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Self { entries }) } else { Err(faults) }
    }

    /// The value of a setting, as a flag would have it, and where it is.
    pub fn get(&self, key: &str) -> Option<(&str, &Place)> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some((entry.value.as_deref()?, &entry.place))
    }
}

fn entry(
    key: &str,
    value: &DeValue<'_>,
    place: Place,
    settings: &[Setting],
) -> Result<Entry, Fault> {
    let setting = settings.iter().find(|setting| setting.key() == key).ok_or_else(|| {
        let meant = meant(key, settings).map(|setting| setting.key().to_owned());
        Fault::UnknownKey { place: place.clone(), key: key.to_owned(), meant }
    })?;
    let is_empty_list = matches!(value, DeValue::Array(items) if items.is_empty());
    let text = value_text(value).ok_or_else(|| Fault::Value {
        place: place.to_string(),
        name: key.to_owned(),
        value: None,
        problem: "must be a string, a whole number, true or false, or a list of strings".to_owned(),
        help: setting.help(),
    })?;
    if !(is_empty_list && setting.is_list()) {
        setting.check(text.as_ref()).map_err(|problem| Fault::Value {
            place: place.to_string(),
            name: key.to_owned(),
            value: (!setting.is_secret()).then(|| text.clone()),
            problem,
            help: setting.help(),
        })?;
    }
    let value = (!(is_empty_list && setting.is_list())).then_some(text);
    Ok(Entry { key: key.to_owned(), value, place })
}

/// As a flag would have it; `None` for what no setting is.
fn value_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(is_on) => Some(is_on.to_string()),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(number.to_string())
        }
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            });
            Some(texts.collect::<Option<Vec<_>>>()?.join(","))
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// The setting that an unknown key is most like, by its key or its flag.
fn meant<'s>(key: &str, settings: &'s [Setting]) -> Option<&'s Setting> {
    let like = key.trim_start_matches('-').replace('-', "_");
    let visible = settings.iter().filter(|setting| !setting.is_for_tests());
    let likeness = visible.map(|setting| (strsim::jaro(&like, setting.key()), setting));
    let best = likeness.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 > MEANT).then_some(best.1)
}

fn place(path: &Path, text: &str, at: usize) -> Place {
    let line = 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    Place { path: PathBuf::from(path), line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SettingsFile, String> {
        let read = SettingsFile::parse(Path::new("b.toml"), text, &Setting::all());
        read.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text = "listen = '127.0.0.1:1'\ninsecure = true\nmax_connections = 1_000\n\n\
                    web_origins = ['http://a', 'http://b']\nallow_networks = []\n\
                    retry_schedule = ['1s', '2s']\n";
        let file = parse(text).unwrap();
        let read = |key| file.get(key).map(|(value, place)| (value.to_owned(), place.line));
        assert_eq!(read("listen"), Some(("127.0.0.1:1".to_owned(), 1)));
        assert_eq!(read("insecure"), Some(("true".to_owned(), 2)));
        assert_eq!(read("max_connections"), Some(("1000".to_owned(), 3)));
        assert_eq!(read("web_origins"), Some(("http://a,http://b".to_owned(), 5)));
        assert_eq!(read("allow_networks"), None);
        assert_eq!(read("retry_schedule"), Some(("1s,2s".to_owned(), 7)));
        assert_eq!(read("tls_key"), None);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_is_allowed() {
        for (text, parts) in [
            ("\nlisten = ", &["b.toml, line 2"][..]),
            ("listen = '1'\nlisten = '1'", &["b.toml, line 2", "duplicate key"]),
            ("request-timeout = '5s'", &["line 1", "`request-timeout`", "`request_timeout`"]),
            ("web_origin = ['http://a']", &["line 1", "`web_origin`", "`web_origins`"]),
            ("serve = 1", &["line 1", "`serve` is not a setting"]),
            ("[serve]\nlisten = '1'", &["line 1", "`serve` is not a setting"]),
            (
                "\nrequest_timeout = '31s'",
                &["line 2", "\"31s\"", "between 1s and 30s", "1s to 30s"],
            ),
            ("request_timeout = 5.0", &["line 1", "request_timeout", "a whole number"]),
            ("insecure = 1", &["line 1", "true or false"]),
            ("max_connections = 0x0", &["line 1", "1..=100000"]),
            ("allow_networks = [1]", &["a list of strings", "CIDR"]),
        ] {
            let said = parse(text).unwrap_err();
            assert!(parts.iter().all(|part| said.contains(part)), "{text}: {said}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_no_secret_is() {
        let said =
            parse("databse_url = 'canary'\ndatabase_url = 'mysql://canary'\nsuspend_after = ''")
                .unwrap_err();
        assert_eq!(said.lines().count(), 3, "{said}");
        assert!(said.contains("line 1") && said.contains("line 2") && said.contains("line 3"));
        assert!(!said.contains("canary"), "{said}");
    }
}
