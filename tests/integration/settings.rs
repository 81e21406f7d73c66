//! The settings: flags, variables and a file, which goes before which, what is said of those that
//! do not do, and what `--print-config` shows of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use bookora_webhooks::proto::ListEventTypesRequest;
use tempfile::TempDir;

use crate::command_line::run;
use crate::service::{Service, binary};

const CANARY: &str = "canary-password-5e1f";

/// Options of `serve` that are no settings.
const NO_SETTINGS: [&str; 3] = ["--config", "--print-config", "--help"];

/// A configuration file in a folder of its own.
fn file(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bookora.toml");
    std::fs::write(&path, text).expect("it is written");
    let path = path.to_str().expect("in UTF-8").to_owned();
    (folder, path)
}

/// What `serve --print-config` prints with these flags and variables.
fn printed(flags: &[&str], variables: &[(&str, &str)]) -> String {
    let (output, said) = run(&mut print_config(flags, variables));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said, "");
    String::from_utf8(output.stdout).expect("in UTF-8")
}

/// What is said of settings that do not do.
fn refused(flags: &[&str], variables: &[(&str, &str)], exit_code: i32) -> String {
    let mut command = print_config(flags, variables);
    let (output, said) = run(&mut command);
    assert_eq!(output.status.code(), Some(exit_code), "{said}");
    assert!(output.stdout.is_empty(), "nothing is printed");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn print_config(flags: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = binary();
    command.args(["serve", "--print-config"]).args(flags).envs(variables.iter().copied());
    command
}

/// Each setting in what was printed, as it is written there; `None` where it is not set.
fn values(printed: &str) -> BTreeMap<String, Option<String>> {
    let lines = printed.lines().skip(2);
    let value = |line: &str| {
        if let Some(unset) = line.strip_prefix("# ") {
            return (unset.strip_suffix(" is not set").expect(unset).to_owned(), None);
        }
        let (key, rest) = line.split_once(" = ").expect("it is set");
        (key.to_owned(), Some(rest.rsplit_once(" # ").expect("by somebody").0.to_owned()))
    };
    lines.map(value).collect()
}

/// The line of a setting in what was printed.
fn line<'p>(printed: &'p str, key: &str) -> &'p str {
    let begins = format!("{key} = ");
    printed.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("{key}"))
}

/// The rows of the README's table of settings: the flag, the variable, the default.
fn readme_rows() -> Vec<[String; 3]> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).expect("it is there");
    let section = readme.split("\n## Settings\n").nth(1).expect("it has the section");
    let rows = section.split("\n## ").next().expect("it ends").lines();
    let rows = rows.filter(|line| line.starts_with("| `--"));
    let cells = |row: &str| {
        let cells: Vec<_> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        [cells[0].replace('`', ""), cells[1].replace('`', ""), cells[2].to_owned()]
    };
    rows.map(cells).collect()
}

/// Each option of `serve --help`, with its variable.
fn help_options() -> BTreeMap<String, Option<String>> {
    let (output, _) = run(binary().args(["serve", "--help"]));
    let help = String::from_utf8(output.stdout).expect("in UTF-8");
    let lines = help.lines().filter_map(|line| {
        let at = line.find("--")?;
        line[..at].trim_matches([' ', '-', 'h', ',']).is_empty().then_some(&line[at..])
    });
    let option = |line: &str| {
        let flag = line.split([' ', '<']).next().expect("it begins with it").to_owned();
        let variable = line
            .split_once("[env: ")
            .map(|(_, rest)| rest.split(['=', ']']).next().expect("it begins with it").to_owned());
        (flag, variable)
    };
    lines.map(option).collect()
}

#[test]
fn every_setting_has_a_flag_a_variable_a_key_and_a_line_in_the_readme() {
    let mut options = help_options();
    assert_eq!(options.get("--config"), Some(&Some("BOOKORA_CONFIG".to_owned())));
    options.retain(|flag, _| !NO_SETTINGS.contains(&flag.as_str()));
    let mut keys = values(&printed(&[], &[]));
    for [flag, variable, default] in readme_rows() {
        assert_eq!(options.remove(&flag), Some(Some(variable.clone())), "{flag} is in --help");
        let key = variable.strip_prefix("BOOKORA_").expect("it is ours").to_lowercase();
        let is_set = keys.remove(&key).unwrap_or_else(|| panic!("{key} is printed"));
        let documented = default.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        let expected = match (documented, default.as_str()) {
            (Some(value), _) => Some(value),
            (None, "off") => Some("false"),
            (None, _) => None,
        };
        let value = is_set.as_deref().map(|value| value.trim_matches('"'));
        assert_eq!(value.filter(|value| !value.is_empty()), expected, "the default of {flag}");
    }
    assert!(options.is_empty(), "not in the README: {options:?}");
    assert!(keys.is_empty(), "not in the README: {keys:?}");
}

#[test]
fn a_flag_goes_before_its_variable_and_that_before_the_file() {
    let (_folder, path) = file(
        "# All of them.\nrequest_timeout = '9s'\nmax_connections = 9\nsuspend_after = '9d'\n\
         insecure = true\nallow_http = true\n",
    );
    let shown = printed(
        &["--config", &path, "--request-timeout=7s"],
        &[
            ("BOOKORA_REQUEST_TIMEOUT", "8s"),
            ("BOOKORA_MAX_CONNECTIONS", "8"),
            ("BOOKORA_ALLOW_HTTP", "false"),
        ],
    );
    assert_eq!(line(&shown, "request_timeout"), "request_timeout = \"7s\" # --request-timeout");
    assert_eq!(line(&shown, "max_connections"), "max_connections = 8 # BOOKORA_MAX_CONNECTIONS");
    assert_eq!(line(&shown, "allow_http"), "allow_http = false # BOOKORA_ALLOW_HTTP");
    assert_eq!(line(&shown, "suspend_after"), format!("suspend_after = \"9d\" # {path}, line 4"));
    assert_eq!(line(&shown, "insecure"), format!("insecure = true # {path}, line 5"));
    assert_eq!(line(&shown, "retention"), "retention = \"30d\" # default");
    // The file can be named by a variable too.
    let same = printed(&[], &[("BOOKORA_CONFIG", &path)]);
    assert_eq!(line(&same, "max_connections"), format!("max_connections = 9 # {path}, line 3"));
}

#[test]
fn what_is_printed_gives_the_same_as_a_file() {
    let (_folder, path) = file("retry_schedule = ['1s', '2m']\nallow_networks = ['10.0.0.0/8']\n");
    let odd = "--tls-key=a \"quoted\" \\ päth\u{1}.pem";
    let database = format!("postgres://ann:{CANARY}@db1,db2:5433/bookora?sslmode=require");
    let with_password = ("BOOKORA_DATABASE_URL", database.as_str());
    let variables = [with_password, ("BOOKORA_CUSTOM_EVENT_TYPES", "invoice.paid,crm.*")];
    let origins = "--web-origin=https://a.example,https://b.example";
    let flags = ["--config", &path, odd, "--tls-cert=123", origins, "--log-retention=1d"];
    let first = printed(&flags, &variables);
    assert!(!first.contains(CANARY), "{first}");

    let (_folder, path) = file(&first);
    let again = printed(&["--config", &path], &[with_password]);
    assert_eq!(values(&again), values(&first));
    // All of them are from the file now.
    let not_from_it = |line: &&str| !line.starts_with('#') && !line.contains("bookora.toml, line");
    let others: Vec<_> = again.lines().filter(not_from_it).collect();
    assert!(others.iter().all(|line| line.contains("BOOKORA_DATABASE_URL")), "{others:?}");
    // The password has to come from somewhere.
    let said = refused(&["--config", &path], &[], 1);
    assert!(said.contains("hidden") && said.contains("BOOKORA_DATABASE_URL"), "{said}");
    assert!(said.contains("--database-url is from") && said.contains("line "), "{said}");
}

#[test]
fn settings_that_do_not_do_are_refused_with_where_they_came_from() {
    let (_folder, path) = file("request-timeout = '5s'\nmax_in_flight = 1\nlisten = '0.0.0.0:1'\n");
    let said = refused(&["--config", &path], &[("BOOKORA_RETENTION", "11y")], 1);
    for part in [
        "the environment: BOOKORA_RETENTION cannot be \"11y\": must be between 1s and 10years",
        "bookora.toml, line 1: `request-timeout` is not a setting: `request_timeout` is",
        "bookora.toml, line 2: max_in_flight cannot be \"1\": 1 is not in 2..=10000",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(said.lines().count(), 3, "everything at once: {said}");
    // A value that another goes before is checked too.
    let said = refused(&["--retention=1d"], &[("BOOKORA_RETENTION", "never")], 1);
    assert!(said.contains("BOOKORA_RETENTION"), "{said}");
    let said = refused(&["--retention=never"], &[], 2);
    assert!(said.contains("--retention"), "{said}");

    let (_folder, path) = file("listen = '0.0.0.0:1'\n");
    let said = refused(&["--config", &path], &[("BOOKORA_TOKENS_FILE", "t.toml")], 1);
    assert!(said.contains("there is no TLS"), "{said}");
    assert!(said.contains("--listen is from") && said.contains("bookora.toml, line 1"), "{said}");
    let said = refused(&["--log-retention=2d"], &[("BOOKORA_RETENTION", "1d")], 1);
    assert!(said.ends_with("(--retention is from BOOKORA_RETENTION)\n"), "{said}");
}

#[test]
fn a_file_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.toml");
    let said = refused(&["--config", missing.to_str().unwrap()], &[], 1);
    assert!(said.contains("cannot read the configuration file") && said.contains("none.toml"));
    let said = refused(&["--config", folder.path().to_str().unwrap()], &[], 1);
    assert!(said.contains("directory"), "{said}");
    let (_folder, path) = file("listen\n");
    let said = refused(&["--config", &path], &[], 1);
    assert!(said.contains("bookora.toml, line 1: this is no TOML"), "{said}");
    let (_folder, path) = file(&"#\n".repeat(256 * 1024));
    assert!(refused(&["--config", &path], &[], 1).contains("larger than 262144 bytes"));
}

#[test]
fn no_password_is_shown_wherever_it_stands() {
    let wrong = format!("mysql://ann:{CANARY}@127.0.0.1:1/db");
    // Nobody listens there.
    let right = format!("postgres://ann:{CANARY}@127.0.0.1:1/db?password={CANARY}");
    for url in [&wrong, &right] {
        let flag = format!("--database-url={url}");
        let (_folder, path) = file(&format!("database_url = '{url}'\n"));
        for (flags, variables) in [
            (vec![flag.as_str()], vec![]),
            (vec![], vec![("BOOKORA_DATABASE_URL", url.as_str())]),
            (vec!["--config", path.as_str()], vec![]),
        ] {
            for option in [&["--print-config"][..], &["--help"], &["--listen=127.0.0.1:0"]] {
                let mut command = binary();
                command.arg("serve").args(option).args(&flags).env("RUST_LOG", "trace");
                let (output, said) = run(command.envs(variables.iter().copied()));
                let shown = String::from_utf8_lossy(&output.stdout);
                assert!(!shown.contains(CANARY) && !said.contains(CANARY), "{shown}{said}");
            }
        }
    }
}

#[test]
fn printing_the_settings_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    let flags = [&listen, "--tokens-file=none.toml", "--ca-file=none.pem"];
    let (output, said) = run(print_config(&flags, &[]).current_dir(folder.path()));
    assert!(output.status.success(), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_file_that_the_documentation_shows_is_one() {
    let documentation = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md");
    let documentation = std::fs::read_to_string(documentation).expect("it is there");
    let (_, shown) = documentation.split_once("```toml\n").expect("it shows one");
    let (shown, _) = shown.split_once("```").expect("which ends");
    let (_folder, path) = file(shown);
    let printed = printed(&["--config", &path], &[]);
    let from_it = printed.lines().filter(|line| line.contains("bookora.toml, line"));
    assert_eq!(from_it.count(), shown.lines().count());
}

#[tokio::test]
async fn a_service_is_run_by_its_file() {
    let (_folder, path) = file("custom_event_types = ['invoice.paid', 'crm.*']\n");
    let service = Service::start(&["--config", &path]);
    let types = service.admin().await.list_event_types(ListEventTypesRequest::default()).await;
    let types = types.unwrap().into_inner().event_types;
    assert!(types.iter().any(|one| one.name == "invoice.paid"), "{types:?}");
}
