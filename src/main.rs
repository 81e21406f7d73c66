//! The program: reads the command line, does what it says, and tells by its exit code how that
//! went: 0 done, 1 failed, 2 not understood.

use std::process::ExitCode;
use std::sync::Arc;

use bookora_webhooks::app::App;
use bookora_webhooks::config::{
    ChosenMasterKey, Cli, Command, MasterKeyCommand, MasterKeyFile, NotUnderstood, ReceiveArgs,
    ServeArgs, ServeCommand, TokenCommand,
};
use bookora_webhooks::domain::clock::SystemClock;
use bookora_webhooks::domain::master_key::MasterKey;
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::receiver::{Certificate, Receiver, ReceiverSettings};
use bookora_webhooks::store::key_file;
use bookora_webhooks::telemetry::{Telemetry, TelemetrySettings};
use bookora_webhooks::{demo, health, signals, telemetry, tokens};

/// Takes a tenth off the processor time of a delivery; see `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Tasks that a thread runs before it looks for those that other threads have woken: the answers of
/// the database are among them, and everybody waits for a commit.
const GLOBAL_QUEUE_INTERVAL: u32 = 8;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .global_queue_interval(GLOBAL_QUEUE_INTERVAL)
        .build();
    let runtime = runtime.expect("threads can be started");
    let exit_code = runtime.block_on(run());
    // Nobody waits for what still blocks a thread, such as a look-up of a name.
    runtime.shutdown_background();
    exit_code
}

async fn run() -> ExitCode {
    let cli = match Cli::read(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(cli) => cli,
        Err(not_understood) => return explain(&not_understood),
    };
    let done = match cli.command {
        Command::Serve(command) if command.print_config => print_config(&command),
        Command::Serve(command) => serve(command.settings).await,
        Command::Receive(settings) => {
            telemetry::start("warn");
            receive(settings).await
        }
        Command::Demo(settings) => {
            telemetry::start("error");
            demo::run(&settings).await
        }
        Command::Health(settings) => health::ask(settings.ops_listen),
        Command::Token(settings) => match settings.command {
            TokenCommand::New(token) => tokens::make(&token, &SystemRandom),
        },
        Command::MasterKey(command) => change_master_keys(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bookora-webhooks: {}", sentence(&error));
            ExitCode::FAILURE
        }
    }
}

/// Says why there is nothing to do; help is printed as what was asked for.
fn explain(not_understood: &NotUnderstood) -> ExitCode {
    match not_understood {
        NotUnderstood::CommandLine(error) => {
            // Nobody may be there to read it.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        NotUnderstood::Settings(faults) => {
            for fault in faults {
                eprintln!("bookora-webhooks: {fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// What failed and why, without what a cause only says again.
fn sentence(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

fn print_config(command: &ServeCommand) -> anyhow::Result<()> {
    print!("{}", command.printed()?);
    Ok(())
}

async fn serve(settings: ServeArgs) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(TelemetrySettings {
        level: "info,sea_orm_migration=warn",
        by_endpoint: settings.metrics_by_endpoint,
    })?;
    let served = serve_until_stopped(settings, &telemetry).await;
    telemetry.stop().await;
    served
}

async fn serve_until_stopped(settings: ServeArgs, telemetry: &Telemetry) -> anyhow::Result<()> {
    let mut asked_to_stop = signals::first()?;
    let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SystemRandom));
    let start = App::start(settings, clock, random, telemetry);
    let mut app = tokio::select! {
        app = start => app?,
        // A start may wait for a database; what it has begun the next one does again.
        _ = &mut asked_to_stop => return Ok(()),
    };
    println!("bookora-webhooks {} serves gRPC on {}", env!("CARGO_PKG_VERSION"), app.address);
    tokio::select! {
        _ = &mut asked_to_stop => {}
        error = app.failed() => return Err(error),
    }
    tracing::info!("stopping; a second signal ends at once");
    app.stop().await;
    Ok(())
}

async fn receive(settings: ReceiveArgs) -> anyhow::Result<()> {
    let mut asked_to_stop = signals::first()?;
    let secret = settings.secret.unwrap_or_else(|| {
        let made = Secret::generate(&SystemRandom);
        println!("secret: {}", made.expose());
        made
    });
    let certificate = if settings.http {
        None
    } else {
        let ip = settings.listen.ip().to_string();
        let certificate = Certificate::for_names(&[&ip, "127.0.0.1", "localhost"])?;
        std::fs::write(&settings.ca_out, certificate.pem())?;
        println!("certificate: {}", settings.ca_out.display());
        Some(certificate)
    };
    let scheme = if settings.http { "http" } else { "https" };
    let mut receiver = Receiver::start(ReceiverSettings {
        listen: settings.listen,
        secret,
        certificate,
        fail_attempts: settings.fail_attempts,
    })
    .await?;
    println!("receiving on {scheme}://{}", receiver.address);
    loop {
        tokio::select! {
            _ = &mut asked_to_stop => return Ok(()),
            received = receiver.received.recv() => match received {
                Some(received) => println!("{received:#}"),
                None => anyhow::bail!("the receiver ended"),
            },
        }
    }
}

fn change_master_keys(command: &MasterKeyCommand) -> anyhow::Result<()> {
    match command {
        MasterKeyCommand::New(MasterKeyFile { file }) => {
            let key = MasterKey::generate(&SystemRandom);
            key_file::add(file, &key)?;
            println!("{}", key.id());
        }
        MasterKeyCommand::Use(ChosenMasterKey { key_id, file }) => {
            key_file::make_primary(&file.file, key_id)?;
        }
        MasterKeyCommand::Remove(ChosenMasterKey { key_id, file }) => {
            key_file::remove(&file.file, key_id)?;
        }
    }
    Ok(())
}
