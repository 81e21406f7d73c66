//! What is wrong with the settings: each a sentence that says where, and what is allowed.

use std::path::PathBuf;

use super::origin::Place;

/// Why the program does not know what to do.
#[derive(Debug, thiserror::Error)]
pub enum NotUnderstood {
    /// The command line; or help, which was asked for.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// The settings: all that is wrong with them, a line for each.
    #[error("{}", lines(.0))]
    Settings(Vec<Fault>),
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file {}: {problem}", path.display())]
    UnreadableFile {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The configuration file is no TOML.
    #[error("{place}: this is no TOML: {problem}")]
    NotToml {
        /// Where it ceases to be.
        place: Place,
        /// Why.
        problem: String,
    },
    /// The file sets something that there is not.
    #[error("{place}: `{key}` is not a setting{}", suggestion(meant.as_deref()))]
    UnknownKey {
        /// Where.
        place: Place,
        /// What it sets.
        key: String,
        /// What may have been meant.
        meant: Option<String>,
    },
    /// A value is not allowed.
    #[error("{place}: {name} {}: {problem} ({help})", refusal(value.as_deref()))]
    Value {
        /// Where the value came from.
        place: String,
        /// The setting.
        name: String,
        /// The value, where it may be shown.
        value: Option<String>,
        /// What is wrong with it.
        problem: String,
        /// What is allowed.
        help: String,
    },
    /// Settings that do not go together.
    #[error("{problem}{origins}")]
    Contradiction {
        /// Which and why.
        problem: String,
        /// Where those of them came from that are not flags.
        origins: String,
    },
    /// A value that a file cannot hold.
    #[error("the value of {flag} is not UTF-8, and cannot be printed")]
    NotPrintable {
        /// The setting.
        flag: String,
    },
}

fn suggestion(meant: Option<&str>) -> String {
    meant.map_or_else(
        || ": `serve --print-config` lists them".to_owned(),
        |meant| format!(": `{meant}` is"),
    )
}

fn refusal(value: Option<&str>) -> String {
    value.map_or_else(|| "cannot be used".to_owned(), |value| format!("cannot be {value:?}"))
}
