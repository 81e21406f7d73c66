//! Load on the real program, as it is run: how much goes through, how long it takes, and what it costs.
//!
//! `make bench` runs every scenario on both databases; `make bench SCENARIO=unary-1 DB=sqlite
//! JSON=out.json` runs one. Service, database, publishers and receiver are processes of their own, so
//! that the processor time of each is its own, and share the machine. Beside each measurement two
//! yardsticks are taken: a bare sender, and one durable commit. Figures are read as ratios to these:
//! absolute ones are the machine's. Every delivery is checked: a scenario that loses or repeats one, or
//! in which a signature is wrong, fails however fast it is.
//!
//! The way of a figure: [`scenario`] says what is run, [`stage`] starts the processes and measures,
//! [`publisher`] and [`receiver`] are the load, [`kernel`] says what it cost, [`figures`] is what is
//! told of it, and [`chart`] draws it.

mod chart;
mod database;
mod figures;
mod kernel;
mod latency;
mod publisher;
mod receiver;
mod role;
mod scenario;
mod sender;
mod service;
mod stage;
mod stamp;

#[path = "../../tests/integration"]
mod tests {
    #[expect(dead_code, reason = "the tests put a server through more than is measured")]
    pub mod postgres;
}

use std::path::PathBuf;

use anyhow::{Context, ensure};

use self::database::Kind;
use self::figures::{Figures, HEAD};
use self::scenario::{Scenario, Size};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(publisher::NAME) => publisher::run(),
        Some(receiver::NAME) => receiver::run(),
        Some(sender::NAME) => sender::run(),
        _ => tokio::runtime::Runtime::new()?.block_on(run(&Wanted::read(&arguments)?)),
    }
}

/// What is to be run: `[SCENARIO]… [--db sqlite|postgres] [--json FILE] [--svg FILE] [--quick]`.
struct Wanted {
    scenarios: Vec<Scenario>,
    kinds: Vec<Kind>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
    size: Size,
}

impl Wanted {
    fn read(arguments: &[String]) -> anyhow::Result<Self> {
        let mut wanted = Self {
            scenarios: Vec::new(),
            kinds: Kind::ALL.to_vec(),
            json: None,
            svg: None,
            size: Size::Full,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} what?"));
            match argument.as_str() {
                // Cargo's own.
                "--bench" => {}
                "--quick" => wanted.size = Size::Quick,
                "--db" => wanted.kinds = vec![value()?.parse()?],
                "--json" => wanted.json = Some(value()?.into()),
                "--svg" => wanted.svg = Some(value()?.into()),
                name => wanted.scenarios.push(name.parse()?),
            }
        }
        if wanted.scenarios.is_empty() {
            wanted.scenarios = Scenario::ALL.to_vec();
        }
        Ok(wanted)
    }
}

async fn run(wanted: &Wanted) -> anyhow::Result<()> {
    println!("{HEAD}");
    let mut all: Vec<Figures> = Vec::new();
    for kind in &wanted.kinds {
        for scenario in wanted.scenarios.iter().filter(|scenario| scenario.runs_on(*kind)) {
            let figures = scenario.run(*kind, wanted.size).await;
            let figures =
                figures.with_context(|| format!("{} on {kind} failed", scenario.name()))?;
            println!("{}", figures.line());
            all.push(figures);
        }
    }
    if let Some(file) = &wanted.json {
        // One scenario on one database is one object.
        let json = match &*all {
            [one] => serde_json::to_string_pretty(one)?,
            all => serde_json::to_string_pretty(all)?,
        };
        std::fs::write(file, json + "\n").with_context(|| format!("{}", file.display()))?;
    }
    if let Some(file) = &wanted.svg {
        std::fs::write(file, chart::draw(&all)).with_context(|| format!("{}", file.display()))?;
    }
    let wrong: Vec<_> = all.iter().filter(|figures| !figures.is_right()).collect();
    ensure!(wrong.is_empty(), "{} scenario(s) lost, repeated or wrongly signed", wrong.len());
    Ok(())
}
