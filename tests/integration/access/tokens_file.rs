//! The tokens file: checked at the start, read again while the service runs.

use std::os::unix::fs::PermissionsExt;

use bookora_webhooks::proto::GetEndpointRequest;
use tonic::Code;

use super::{TokensFile, caller_with, denied, invalid};
use crate::bad_requests::unknown_id;
use crate::caller::{ACCOUNT, Call, Caller, OTHER_ACCOUNT};
use crate::command_line::run;
use crate::database::database_file;
use crate::refusal::Refusal;
use crate::service::{binary, eventually, serve_arguments};

fn read(account: &str) -> Call {
    let endpoint_id = unknown_id("ep_");
    GetEndpointRequest { account_id: account.to_owned(), endpoint_id }.into()
}

/// The caller was let through: what it asks for is not there.
fn let_through() -> Refusal {
    Refusal::of_id("Endpoint", &unknown_id("ep_"))
}

async fn is_told(caller: &mut Caller, account: &str, expected: Refusal) {
    let told = async || (caller.refusal(read(account)).await == expected).then_some(());
    eventually(&format!("{expected:?}"), told).await;
}

#[tokio::test]
async fn tokens_are_added_changed_and_revoked_while_the_service_runs() {
    let mut file = TokensFile::new();
    let first = file.add("first", &["admin"], &[ACCOUNT]);
    let service = file.start();
    let mut first = caller_with(&service, &first).await;
    assert_eq!(first.refusal(read(ACCOUNT)).await, let_through());

    // To rotate: the new token works before the old one is taken out.
    let second = file.add("second", &["admin"], &[ACCOUNT]);
    let mut second = caller_with(&service, &second).await;
    is_told(&mut second, ACCOUNT, let_through()).await;
    assert_eq!(first.refusal(read(ACCOUNT)).await, let_through());
    file.revoke("first");
    is_told(&mut first, ACCOUNT, invalid()).await;
    assert_eq!(second.refusal(read(ACCOUNT)).await, let_through());

    let text = std::fs::read_to_string(file.path()).unwrap();
    file.write(&text.replace(ACCOUNT, OTHER_ACCOUNT));
    is_told(&mut second, ACCOUNT, denied()).await;
    assert_eq!(second.refusal(read(OTHER_ACCOUNT)).await, let_through());
    file.write(&text.replace("admin", "viewer"));
    is_told(&mut second, OTHER_ACCOUNT, denied()).await;
    assert_eq!(second.refusal(read(ACCOUNT)).await, denied());
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_is_logged_once() {
    let mut file = TokensFile::new();
    let token = file.add("first", &["admin"], &[ACCOUNT]);
    let service = file.start();
    let mut caller = caller_with(&service, &token).await;
    let good = std::fs::read_to_string(file.path()).unwrap();
    let refused = "the tokens file is not taken; the one before applies";
    file.write(&good.replace("\"admin\"", "\"root\""));
    service.logged(&["ERROR", refused, "tokens.toml", "line 4: tokens: `roles` must be"]).await;
    assert_eq!(caller.refusal(read(ACCOUNT)).await, let_through());
    std::fs::remove_file(file.path()).unwrap();
    service.logged(&[refused, "cannot read it"]).await;
    assert_eq!(caller.refusal(read(ACCOUNT)).await, let_through());
    file.write(&good);
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o666)).unwrap();
    service.logged(&[refused, "chmod go-w"]).await;
    assert_eq!(caller.refusal(read(ACCOUNT)).await, let_through());
    file.write("# nobody\n");
    is_told(&mut caller, ACCOUNT, invalid()).await;
    let log = service.log();
    assert_eq!(log.matches(refused).count(), 3, "{log}");
    assert!(!log.contains(&token) && !log.contains("sha256 ="), "{log}");
}

#[test]
fn a_start_with_a_bad_file_says_where_it_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.toml");
    let start = || {
        let arguments = serve_arguments(&database_file(folder.path()));
        run(binary().args(arguments).arg("--tokens-file").arg(&path))
    };
    let (output, said) = start();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("tokens.toml") && said.contains("cannot read it"), "{said}");
    for (content, mode, sentence) in [
        ("[[tokens]]\nname = \"a\"\n", 0o600, "line 1: tokens: `sha256` must be set"),
        ("[[tokens]\n", 0o600, "line 1: "),
        ("", 0o622, "others than its owner may write it: chmod go-w"),
    ] {
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let (output, said) = start();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("tokens.toml") && said.contains(sentence), "{said}");
    }
    assert!(!folder.path().join("test.db").exists(), "nothing was opened before");
}

#[test]
fn tokens_are_not_sent_over_a_network_in_the_clear_unless_that_is_asked_for() {
    let file = TokensFile::new();
    let folder = tempfile::tempdir().unwrap();
    let database = format!("--database-url={}", database_file(folder.path()));
    let open = ["serve", "--listen=0.0.0.0:0", &database, &file.argument()];
    let (output, said) = run(binary().args(open));
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("no TLS") && said.contains("--insecure"), "{said}");
}

#[tokio::test]
async fn with_insecure_tokens_are_asked_for_on_any_address() {
    let mut file = TokensFile::new();
    let token = file.add("first", &["admin"], &[ACCOUNT]);
    let arguments = [&file.argument(), "--insecure"];
    let service = crate::service::Service::start(&arguments);
    let mut nobody = Caller::new(&service).await;
    assert_eq!(nobody.refusal(read(ACCOUNT)).await.code, Code::Unauthenticated);
    let mut known = caller_with(&service, &token).await;
    assert_eq!(known.refusal(read(ACCOUNT)).await, let_through());
}
