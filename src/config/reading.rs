//! The settings of `serve` put together: a flag goes before its variable, that before the
//! configuration file, and that before the default. Every value is checked, also one that another
//! goes before, and all that is wrong is told at once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::fault::{Fault, NotUnderstood};
use super::origin::Origin;
use super::print::Effective;
use super::setting::{Setting, with_value};
use super::settings_file::SettingsFile;
use super::{Cli, Command, ServeArgs};

/// The subcommand that has settings.
const SERVE: &str = "serve";
/// The option that names the file: not a setting, since it cannot be in the file.
const CONFIG: &str = "config";

impl Cli {
    /// Reads the command line and, where it says `serve`, the environment and the configuration
    /// file.
    ///
    /// # Errors
    /// [`NotUnderstood`], in words for the operator.
    pub fn read(arguments: &[OsString]) -> Result<Self, NotUnderstood> {
        let settings = Setting::all();
        let flags = flags(arguments, &settings)?;
        let Some(serve) = flags.subcommand_matches(SERVE) else {
            return Ok(Self::from_arg_matches(&flags)?);
        };
        let file = checked_file(serve.get_one::<PathBuf>(CONFIG), &settings)?;
        let mut command = Self::command();
        for setting in &settings {
            let Some((value, _)) = file.get(setting.key()) else { continue };
            let value = OsString::from(value);
            command = command.mut_subcommand(SERVE, |serve| {
                serve.mut_arg(setting.key(), |argument| with_value(argument, &value))
            });
        }
        let matches = command.try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let serve = matches.subcommand_matches(SERVE).expect("it says so");
        let effective = settings.iter().map(|setting| effective(setting, serve, &file)).collect();
        if let Command::Serve(command) = &mut cli.command {
            command.effective = effective;
            check_together(&command.settings, &command.effective)?;
        }
        Ok(cli)
    }
}

/// The command line alone: what a variable has is checked later, by its own name.
fn flags(arguments: &[OsString], settings: &[Setting]) -> Result<ArgMatches, NotUnderstood> {
    let mut command = Cli::command();
    for setting in settings {
        command = command.mut_subcommand(SERVE, |serve| {
            serve.mut_arg(setting.key(), |argument| argument.env(None::<&'static str>))
        });
    }
    command.try_get_matches_from(arguments).map_err(|error| {
        if error.use_stderr() {
            return without_secret(error, settings).into();
        }
        // Help, which is to name the variables.
        Cli::command().try_get_matches_from(arguments).err().unwrap_or(error).into()
    })
}

/// The error of a flag whose value is not to be shown.
fn without_secret(mut error: clap::Error, settings: &[Setting]) -> clap::Error {
    use clap::error::{ContextKind, ContextValue};
    let is_secret = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => settings
            .iter()
            .any(|setting| setting.is_secret() && argument.starts_with(&setting.flag())),
        _ => false,
    };
    if is_secret {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

/// The file, where there is one, once every value in it and in the environment has been checked.
fn checked_file(
    path: Option<&PathBuf>,
    settings: &[Setting],
) -> Result<SettingsFile, NotUnderstood> {
    let mut faults: Vec<Fault> = settings.iter().filter_map(fault_in_environment).collect();
    let file = path.map(|path| SettingsFile::read(Path::new(path), settings));
    let file = file.unwrap_or_else(|| Ok(SettingsFile::default()));
    let file = file.unwrap_or_else(|of_file| {
        faults.extend(of_file);
        SettingsFile::default()
    });
    if faults.is_empty() { Ok(file) } else { Err(NotUnderstood::Settings(faults)) }
}

fn fault_in_environment(setting: &Setting) -> Option<Fault> {
    let value = setting.in_environment()?;
    let problem = setting.check(&value).err()?;
    Some(Fault::Value {
        place: "the environment".to_owned(),
        name: setting.variable(),
        value: (!setting.is_secret()).then(|| value.to_string_lossy().into_owned()),
        problem,
        help: setting.help(),
    })
}

fn effective(setting: &Setting, serve: &ArgMatches, file: &SettingsFile) -> Effective {
    let origin = match (serve.value_source(setting.key()), file.get(setting.key())) {
        (Some(ValueSource::CommandLine), _) => Origin::Flag(setting.flag()),
        (Some(ValueSource::EnvVariable), _) => Origin::Variable(setting.variable()),
        (_, Some((_, place))) => Origin::File(place.clone()),
        (_, None) => Origin::Default,
    };
    let values = serve.get_raw(setting.key()).unwrap_or_default();
    Effective {
        setting: setting.clone(),
        values: values.map(std::ffi::OsStr::to_owned).collect(),
        origin,
    }
}

/// What no single setting can show; where those came from that it names.
fn check_together(serve: &ServeArgs, effective: &[Effective]) -> Result<(), NotUnderstood> {
    let Err(error) = serve.check() else { return Ok(()) };
    let problem = error.to_string();
    let named = effective.iter().filter(|one| names(&problem, &one.setting.flag()));
    let origins: Vec<_> = named
        .filter(|one| matches!(one.origin, Origin::Variable(_) | Origin::File(_)))
        .map(|one| format!("{} is from {}", one.setting.flag(), one.origin))
        .collect();
    let origins =
        if origins.is_empty() { String::new() } else { format!(" ({})", origins.join("; ")) };
    Err(NotUnderstood::Settings(vec![Fault::Contradiction { problem, origins }]))
}

/// Whether a sentence has this flag in it, and not just one that begins with it.
fn names(sentence: &str, flag: &str) -> bool {
    let continues = |rest: &str| rest.starts_with(|c: char| c == '-' || c.is_ascii_alphanumeric());
    sentence.match_indices(flag).any(|(at, _)| !continues(&sentence[at + flag.len()..]))
}
