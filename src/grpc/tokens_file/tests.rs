use super::*;
use crate::domain::access_token::AccessToken;
use crate::domain::random::SeededRandom;
use crate::grpc::credentials::Identity;

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// An entry with one line put in another's place.
fn entry(replaced: &str, line: &str) -> String {
    let lines = [
        "[[tokens]]".to_owned(),
        "name = \"billing\"".to_owned(),
        format!("sha256 = \"{DIGEST}\""),
        "roles = [\"publisher\"]".to_owned(),
        "accounts = [\"acct_1\"]".to_owned(),
    ];
    lines.map(|one| if one.starts_with(replaced) { line.to_owned() } else { one }).join("\n")
}

fn refusal(text: &str) -> String {
    match parse(text) {
        Ok(_) => panic!("it is refused:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_entry_is_read_with_what_it_may_do() {
    let token = AccessToken::generate(&SeededRandom::new(1));
    let text = format!(
        r#"
        # Who may do what.
        [[tokens]]
        name = "billing"
        sha256 = "{}"
        roles = ["publisher", "viewer", "viewer"]
        accounts = ["acct_1", "acct_2"]

        [[tokens]]
        name = "operator"
        sha256 = "{DIGEST}"
        roles = ["admin"]
        accounts = ["*"]

        [[certificates]]
        name = "Crm.Internal"
        roles = ["viewer"]
        accounts = ["*"]

        [[certificates]]
        name = "spiffe://bookora/Billing"
        roles = ["publisher"]
        accounts = ["acct_1"]
        "#,
        token.digest()
    );
    let credentials = parse(&text).expect("it is read");
    let billing = credentials.find(&Identity::Token(token.digest())).expect("it is there");
    assert_eq!(billing.name, "billing");
    let may = |role| billing.grant.roles.contains(role);
    assert!(may(Role::Publisher) && may(Role::Viewer) && !may(Role::Admin));
    assert!(billing.grant.accounts.contain("acct_2") && !billing.grant.accounts.contain("acct_3"));
    let operator = credentials.find(&Identity::Token(DIGEST.parse().unwrap())).expect("too");
    assert_eq!(operator.grant.accounts, Accounts::All);
    let certificate = |name: &str| credentials.find(&Identity::Certificate(name.to_owned()));
    assert!(certificate("crm.internal").is_some());
    assert!(certificate("spiffe://bookora/Billing").is_some());
    assert!(certificate("spiffe://bookora/billing").is_none());
}

#[test]
fn a_file_without_entries_lets_nobody_in() {
    let credentials = parse("# nobody\n").expect("it is read");
    assert!(credentials.tokens.is_empty() && credentials.certificates.is_empty());
}

#[test]
fn what_is_wrong_is_named_by_line_entry_and_field() {
    for (replaced, line, expected) in [
        ("name", "", "line 1: tokens: `name` must be set"),
        ("name", "name = \"a b\"", "line 2: tokens: `name` must be 1-64 characters"),
        ("name", "name = 7", "line 2: tokens: `name` must be a text in quotes"),
        ("name", "nmae = \"billing\"", "line 2: tokens: `nmae` is not known"),
        ("sha256", "sha256 = \"00\"", "line 3: tokens: `sha256` must be a SHA-256"),
        ("sha256", "", "line 1: tokens: `sha256` must be set"),
        ("roles", "roles = [\"root\"]", "line 4: tokens: `roles` must be `admin`, `publisher`"),
        ("roles", "roles = []", "line 4: tokens: `roles` must be a list with at least one"),
        ("roles", "roles = \"admin\"", "line 4: tokens: `roles` must be a list"),
        ("roles", "roles = [1]", "line 4: tokens: `roles` must be a text in quotes"),
        ("accounts", "accounts = [\"-\"]", "line 5: tokens: `accounts` must be 1-64 characters"),
        ("accounts", "accounts = [\"*\", \"a\"]", "line 5: tokens: `accounts` must be 1-64"),
        ("accounts", "accounts = []", "line 5: tokens: `accounts` must be a list"),
        ("accounts", "", "line 1: tokens: `accounts` must be set"),
        ("accounts", "accounts = [\"acct_1\"", "line 5: "),
        ("[[tokens]]", "[tokens]", "line 1: `tokens` must be entries that begin with [[tokens]]"),
        ("[[tokens]]", "[[token]]", "line 1: `token` is not known; there are [[tokens]]"),
        ("[[tokens]]", "", "line 5: `accounts` is not known; there are [[tokens]]"),
    ] {
        let said = refusal(&entry(replaced, line));
        assert!(said.starts_with(expected), "{line}: {said}");
        assert!(!said.contains(DIGEST) && !said.contains('\n'), "{line}: {said}");
    }
}

#[test]
fn no_name_and_no_token_is_there_twice() {
    let two = format!("{}\n{}", entry("-", ""), entry("-", ""));
    assert_eq!(refusal(&two), "line 7: tokens: `name` is taken");
    let two = format!("{}\n{}", entry("-", ""), entry("name", "name = \"other\""));
    assert_eq!(refusal(&two), "line 8: tokens: `sha256` is that of another entry");
    let certificate = "[[certificates]]\nname='a.b'\nroles=['viewer']\naccounts=['*']\n";
    let same = certificate.replace("a.b", "A.B");
    assert_eq!(refusal(&format!("{certificate}{same}")), "line 6: certificates: `name` is taken");
}

#[test]
fn a_certificates_name_is_a_dns_name_or_a_uri() {
    for name in ["billing", "a.b-c.internal", "spiffe://bookora/billing", "https://a.example/x"] {
        assert_eq!(certificate_name(name).as_deref(), Some(name));
    }
    for name in ["", ".", "a..b", "*.internal", "a b", "a.b.", "://", "ü.example", &"a".repeat(256)]
    {
        assert_eq!(certificate_name(name), None, "{name}");
    }
}
