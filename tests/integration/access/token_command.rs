//! `bookora-webhooks token new`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bookora_webhooks::domain::event::EventType;
use tonic::Code;

use super::{caller_with, denied};
use crate::caller::{ACCOUNT, OTHER_ACCOUNT, deaf_endpoint};
use crate::command_line::run;
use crate::deliveries::sample;
use crate::readings::all_of;
use crate::service::{Service, binary};

/// What it prints.
fn token_new(arguments: &[&str]) -> String {
    let (output, said) = run(binary().args(["token", "new"]).args(arguments));
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("it is a text")
}

/// The token in it.
fn token_of(printed: &str) -> String {
    let line = printed.lines().next().expect("it prints something");
    let token =
        line.strip_prefix("token: ").unwrap_or_else(|| panic!("the token first: {printed}"));
    assert!(token.starts_with("bwt_") && token.len() == 47, "{token}");
    token.to_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_token_that_is_made_lets_its_caller_in_for_its_role_and_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let file = ["--tokens-file", path.to_str().unwrap()];
    let billing = ["--name=billing", "--role=publisher", "--role=viewer", "--account", ACCOUNT];
    let billing = token_new(&[&billing[..], &file].concat());
    assert!(billing.ends_with(&format!("added to: {}\n", path.display())), "{billing}");
    assert_eq!(mode(&path), 0o600);
    let operator = ["--name=operator", "--role=admin", "--all-accounts"];
    let operator = token_new(&[&operator[..], &file].concat());
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(kept.matches("[[tokens]]").count(), 2, "{kept}");
    for token in [token_of(&billing), token_of(&operator)] {
        assert!(!kept.contains(&token), "only its digest is kept");
    }

    let service = Service::start(&[&format!("--tokens-file={}", path.display())]);
    let mut operator = caller_with(&service, &token_of(&operator)).await;
    operator.register(deaf_endpoint(ACCOUNT)).await;
    operator.register(deaf_endpoint(OTHER_ACCOUNT)).await;
    let mut billing = caller_with(&service, &token_of(&billing)).await;
    billing.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    assert_eq!(billing.deliveries(all_of(ACCOUNT)).await.len(), 1);
    let foreign = sample(OTHER_ACCOUNT, EventType::BookingCreated);
    assert_eq!(billing.refusal(foreign).await, denied());
    assert_eq!(billing.refusal(all_of("-")).await.code, Code::PermissionDenied);
}

#[test]
fn without_a_file_the_entry_is_printed_as_it_belongs_there() {
    let printed = token_new(&["--name=a", "--role=admin", "--account=x", "--account=y"]);
    let (token, entry) = printed.split_once("\n\n").expect("the token, then the entry");
    assert!(entry.starts_with("[[tokens]]\nname = \"a\"\nsha256 = \""), "{entry}");
    assert!(entry.ends_with("roles = [\"admin\"]\naccounts = [\"x\", \"y\"]\n\n"), "{entry}");
    assert!(!entry.contains(token.strip_prefix("token: ").unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    std::fs::write(&path, entry).unwrap();
    let more = ["--name=b", "--role=viewer", "--all-accounts", "--tokens-file"];
    token_new(&[&more[..], &[path.to_str().unwrap()]].concat());
}

#[test]
fn the_mode_of_a_file_and_a_link_to_it_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("tokens.toml"), folder.path().join("link.toml"));
    std::fs::write(&path, "# kept").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let arguments = ["--name=a", "--role=viewer", "--all-accounts", "--tokens-file"];
    token_new(&[&arguments[..], &[link.to_str().unwrap()]].concat());
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&path), 0o640);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("# kept\n\n[[tokens]]\n"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
}

#[test]
fn what_cannot_be_added_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let file = path.to_str().unwrap();
    token_new(&["--name=a", "--role=viewer", "--all-accounts", "--tokens-file", file]);
    let before = std::fs::read(&path).unwrap();
    for (arguments, code, sentence) in [
        (&["--name=a", "--role=viewer", "--all-accounts"][..], 1, "`name` is taken"),
        (&["--name=a b", "--role=viewer", "--all-accounts"], 2, "1-64 characters"),
        (&["--name=b", "--role=root", "--all-accounts"], 2, "`admin`, `publisher` or `viewer`"),
        (&["--name=b", "--all-accounts"], 2, "--role"),
        (&["--name=b", "--role=viewer"], 2, "--account"),
        (&["--name=b", "--role=viewer", "--account=-"], 2, "--account"),
        (&["--name=b", "--role=viewer", "--account=x", "--all-accounts"], 2, "cannot be used with"),
    ] {
        let command = [&["token", "new"], arguments, &["--tokens-file", file]].concat();
        let (output, said) = run(binary().args(command));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?}: {said}");
        assert_eq!(output.stdout, b"", "{arguments:?}: no token is shown that is not good");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{arguments:?}");
    }
}

#[test]
fn of_many_that_add_at_the_same_time_none_is_lost() {
    const MAKERS: usize = 8;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let mut makers: Vec<_> = (0..MAKERS)
        .map(|maker| {
            let mut command = binary();
            command.args(["token", "new", "--role=viewer", "--all-accounts", "--tokens-file"]);
            command.arg(&path).arg(format!("--name=maker-{maker}"));
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    assert!(makers.iter_mut().all(|maker| maker.wait().unwrap().success()));
    let kept = std::fs::read_to_string(&path).unwrap();
    for maker in 0..MAKERS {
        assert!(kept.contains(&format!("name = \"maker-{maker}\"")), "{kept}");
    }
}
