//! Starts that cannot work: each ends with 1 and a sentence that says what to do. Those that fail
//! by their master keys are in `sealing::start`, by their settings in `settings`.

use std::net::TcpListener;
use std::path::Path;

use tempfile::TempDir;

use crate::command_line::run;
use crate::database::{database_file, master_key_file};
use crate::postgres::Postgres;
use crate::service::{binary, serve_arguments};

/// What a start says that fails. `--listen` and the database are as given or free.
fn refused(database_url: &str, arguments: &[&str]) -> String {
    let mut command = binary();
    let listens = arguments.iter().any(|argument| argument.starts_with("--listen"));
    let defaults = serve_arguments(database_url);
    command.args(defaults.iter().filter(|one| !(listens && one.starts_with("--listen"))));
    command.envs(master_key_file(database_url).map(|file| ("BOOKORA_MASTER_KEY_FILE", file)));
    let (output, said) = run(command.args(arguments));
    assert_eq!(output.status.code(), Some(1), "{said}");
    let sentences = said.lines().filter(|line| line.starts_with("bookora-webhooks: "));
    assert_eq!(sentences.count(), 1, "one sentence: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn folder() -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = database_file(folder.path());
    (folder, url)
}

fn url_of(path: &Path) -> String {
    format!("sqlite://{}?mode=rwc", path.display())
}

#[test]
fn an_address_that_is_taken_is_named() {
    let (_folder, url) = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let _holder = TcpListener::bind(taken).unwrap();
    let said = refused(&url, &[&format!("--listen={taken}")]);
    assert!(said.contains(&format!("cannot listen on {taken}")), "{said}");
    assert!(said.contains("another --listen") && said.contains("in use"), "{said}");
}

#[test]
fn a_database_that_cannot_be_reached_is_said_to_be_so() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = refused(&format!("postgres://ann:word@{nobody}/db"), &[]);
    assert!(said.contains("see that it runs") && said.contains("refused"), "{said}");
}

#[test]
fn a_wrong_password_user_or_database_is_said_to_be_so() {
    let Some(server) = Postgres::shared() else { return };
    let right = server.fresh_database();
    let (scheme, place) = (right.split_once("://").unwrap().0, right.rsplit_once('@').unwrap().1);
    let said = refused(&format!("{scheme}://bookora:canary-word@{place}"), &[]);
    assert!(said.contains("it refuses the user or the password"), "{said}");
    assert!(!said.contains("canary-word"), "{said}");
    let none = format!("{}/no_such_database", right.rsplit_once('/').unwrap().0);
    let said = refused(&none, &[]);
    assert!(said.contains("createdb") && said.contains("no_such_database"), "{said}");
}

#[test]
fn a_file_that_is_no_database_or_cannot_be_made_is_said_to_be_so() {
    let (folder, _) = folder();
    let path = folder.path().join("letter.db");
    std::fs::write(&path, "Dear reader, this is no database.".repeat(100)).unwrap();
    let said = refused(&url_of(&path), &[]);
    assert!(said.contains("the file is something else"), "{said}");
    let missing = folder.path().join("missing.db");
    let said = refused(&format!("sqlite://{}", missing.display()), &[]);
    assert!(said.contains("mode=rwc"), "{said}");
    let said = refused(&url_of(&folder.path().join("none/test.db")), &[]);
    assert!(said.contains("cannot lock") && said.contains("its folder has to be there"), "{said}");
    // Where nobody may write, not even root.
    let said = refused("sqlite:///proc/test.db?mode=rwc", &[]);
    assert!(said.contains("the right to write to it"), "{said}");
}

#[test]
fn files_of_tls_tokens_and_authorities_that_do_not_do_are_named() {
    let (folder, url) = folder();
    let none = folder.path().join("none").display().to_string();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let empty = empty.display().to_string();
    for (arguments, parts) in [
        (vec![format!("--tokens-file={none}")], [&none, "cannot read it"]),
        (vec![format!("--ca-file={none}")], ["--ca-file", &none]),
        (vec![format!("--ca-file={empty}")], [&empty, "holds no certificate"]),
        (
            vec![format!("--tls-cert={none}"), format!("--tls-key={none}")],
            ["--tls-cert", "cannot be read"],
        ),
        (
            vec![format!("--tls-cert={empty}"), format!("--tls-key={empty}")],
            ["--tls-cert", "no usable certificate in PEM"],
        ),
    ] {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let said = refused(&url, &arguments);
        assert!(parts.iter().all(|part| said.contains(part)), "{arguments:?}: {said}");
        // A cause is told once.
        assert_eq!(said.matches("No such file").count().max(1), 1, "{said}");
    }
}
