//! The command line, the environment and the configuration file: what can be set, its default, range
//! and unit. Everything is checked here, before a socket or another file is opened. `serve` declares
//! the settings of the service; `reading` says which of the places goes before which.

mod database_url;
mod fault;
mod origin;
mod print;
mod reading;
mod serve;
mod setting;
mod settings_file;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use self::database_url::DatabaseUrl;
pub use self::fault::{Fault, NotUnderstood};
use self::print::Effective;
pub use self::serve::ServeArgs;
pub use self::setting::Setting;
use crate::domain::access::{CredentialName, Role};
use crate::domain::account::AccountId;
use crate::domain::master_key::KeyId;
use crate::domain::secret::Secret;

/// Delivers Bookora's events to webhooks: durable, signed, retried, watched over gRPC.
#[derive(Parser)]
#[command(name = "bookora-webhooks", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program does.
#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it, for a moment")]
pub enum Command {
    /// Run the service
    Serve(ServeCommand),
    /// See the main job done: a service, receivers, one event of each type, a retry, a watch
    Demo(DemoArgs),
    /// Run a local receiver that verifies signatures and prints what it is sent
    Receive(ReceiveArgs),
    /// Ask a service on this machine whether it is ready: 0 if so, else 1 and why not
    Health(HealthArgs),
    /// Make tokens for callers of the service
    Token(TokenArgs),
    /// Make, choose and remove the keys that the secrets of endpoints are sealed with
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
}

/// `serve`: the settings, and where else they are.
#[derive(Args, Clone)]
pub struct ServeCommand {
    /// Read settings from this TOML file: its keys are the names of the variables in lower case,
    /// without `BOOKORA_`. A flag goes before its variable, and that before the file
    #[arg(long, value_name = "FILE", env = "BOOKORA_CONFIG")]
    pub config: Option<PathBuf>,

    /// Print the settings that are in effect, as such a file and without passwords, and exit
    #[arg(long)]
    pub print_config: bool,

    /// The settings.
    #[command(flatten)]
    pub settings: ServeArgs,

    /// What each is set to, and by whom.
    #[arg(skip)]
    effective: Vec<Effective>,
}

impl ServeCommand {
    /// The settings that are in effect, as a configuration file.
    ///
    /// # Errors
    /// A value that such a file cannot hold.
    pub fn printed(&self) -> Result<String, Fault> {
        print::print(&self.effective)
    }
}

/// What is done with a master key file. Services that run with it see the change within a second.
#[derive(Subcommand, Clone, Debug)]
pub enum MasterKeyCommand {
    /// Add a new key, which opens and does not seal yet, and print its id; where there is no file,
    /// make one
    New(MasterKeyFile),
    /// Make a key the primary one, which seals; what is sealed with another is sealed anew
    Use(ChosenMasterKey),
    /// Take a key out of the file; not the primary one. First wait until services log that every
    /// secret is sealed with the primary one: without its key a secret is lost
    Remove(ChosenMasterKey),
}

/// A master key file.
#[derive(Args, Clone, Debug)]
pub struct MasterKeyFile {
    /// The master key file
    #[arg(long, value_name = "FILE", env = "BOOKORA_MASTER_KEY_FILE")]
    pub file: PathBuf,
}

/// A key of a master key file.
#[derive(Args, Clone, Debug)]
pub struct ChosenMasterKey {
    /// The key's id, the first word of its line
    pub key_id: KeyId,

    /// The file.
    #[command(flatten)]
    pub file: MasterKeyFile,
}

/// Settings of the demo.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// How long everything may take: 5s to 5m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = demo_timeout)]
    pub timeout: Duration,
}

/// Settings of the local receiver.
#[derive(Args, Clone)]
pub struct ReceiveArgs {
    /// Where to receive, `ip:port`
    #[arg(long, env = "BOOKORA_RECEIVE_LISTEN", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,

    /// The endpoint's signing secret; without one, one is made and printed, to be given to
    /// `CreateEndpoint`
    #[arg(long, env = "BOOKORA_RECEIVE_SECRET", hide_env_values = true, value_parser = secret)]
    pub secret: Option<Secret>,

    /// Receive plain http instead of https
    #[arg(long)]
    pub http: bool,

    /// Where the certificate that was made for this receiver is written, for `serve --ca-file`
    #[arg(long, value_name = "FILE", default_value = "receiver-ca.pem")]
    pub ca_out: PathBuf,

    /// Answer so many attempts of each delivery with 503 before accepting: 0-10
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub fail_attempts: u32,
}

/// Which service is asked.
#[derive(Args, Clone, Debug)]
pub struct HealthArgs {
    /// Where it serves metrics and health, `ip:port`; of `0.0.0.0` and `[::]` loopback is asked
    #[arg(long, env = "BOOKORA_OPS_LISTEN", default_value = "127.0.0.1:9464")]
    pub ops_listen: SocketAddr,
}

/// What to do with tokens.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What can be done with tokens.
#[derive(Subcommand, Clone, Debug)]
pub enum TokenCommand {
    /// Make a token, and print it once, with the entry of the tokens file that makes it good
    New(NewTokenArgs),
}

/// A token to be made.
#[derive(Args, Clone, Debug)]
pub struct NewTokenArgs {
    /// What the token is called in its file and in the log: 1-64 characters of A-Z a-z 0-9 _ - .
    #[arg(long)]
    pub name: CredentialName,

    /// What it is good for: `admin` (`EndpointAdmin`), `publisher` (`EventIngest`) or `viewer`
    /// (`DeliveryQuery`); repeatable
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<Role>,

    /// An account that it is good for; repeatable
    #[arg(long = "account", value_name = "ACCOUNT_ID", required_unless_present = "all_accounts")]
    pub accounts: Vec<AccountId>,

    /// It is good for every account, and for listings over all of them
    #[arg(long, conflicts_with = "accounts")]
    pub all_accounts: bool,

    /// Add the entry to this file instead of printing it; a file that is not there is made, for
    /// its owner only
    #[arg(long, value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,
}

fn demo_timeout(text: &str) -> Result<Duration, String> {
    duration_between(text, Duration::from_secs(5), Duration::from_mins(5))
}

fn duration_between(text: &str, min: Duration, max: Duration) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration < min || duration > max {
        let (min, max) = (humantime::format_duration(min), humantime::format_duration(max));
        return Err(format!("must be between {min} and {max}"));
    }
    Ok(duration)
}

fn secret(text: &str) -> Result<Secret, String> {
    Secret::parse(text).map_err(|error| error.to_string())
}
