//! Every RPC of the contract, for every kind of credential, about an own and a foreign account and
//! about all.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, GetEndpointSecretRequest, ListDeliveriesRequest,
};
use tonic::{Code, Status};

use super::rpcs::{self, Ids, rpc};
use super::{TokensFile, caller_with, denied, invalid, missing};
use crate::caller::{ACCOUNT, Authorization, Call, Caller, OTHER_ACCOUNT, deaf_endpoint, endpoint};
use crate::deliveries::sample;
use crate::readings::{all_of, settled};
use crate::refusal::Refusal;
use crate::service::Service;

const ROLES: [&str; 3] = ["admin", "publisher", "viewer"];

/// Somebody who calls, and what is to come of it.
struct Somebody {
    name: String,
    caller: Caller,
    /// What it is told whatever it calls; `None` where that depends.
    turned_away: Option<Refusal>,
    roles: Vec<&'static str>,
    accounts: &'static [&'static str],
}

impl Somebody {
    fn may(&self, service: &str, name: &str, account: &str) -> bool {
        let in_scope = self.accounts.contains(&account)
            || self.accounts == ["*"]
            // It names no account.
            || name == "ListEventTypes";
        self.roles.contains(&rpcs::role(service)) && in_scope
    }
}

/// Every set of roles, for one account, another one, and all; and those who are not known.
async fn everybody(
    service: &Service,
    tokens: &[(Vec<&'static str>, &'static [&'static str], String)],
) -> Vec<Somebody> {
    let mut all = Vec::new();
    for (roles, accounts, token) in tokens {
        all.push(Somebody {
            name: format!("{roles:?} for {accounts:?}"),
            caller: caller_with(service, token).await,
            turned_away: None,
            roles: roles.clone(),
            accounts,
        });
    }
    let good = &tokens.last().expect("there are some").2;
    let twice = format!("Bearer {good}");
    let unknown = format!("Bearer bwt_{}", "A".repeat(43));
    let cases: [(&[&str], Refusal); 9] = [
        (&[], missing()),
        (&[""], invalid()),
        (&["Bearer"], invalid()),
        (&["Bearer "], invalid()),
        (&[good], invalid()),
        (&[&format!("Basic {good}")], invalid()),
        (&[&format!("Bearer {good}x")], invalid()),
        (&[&twice, &twice], invalid()),
        (&[&unknown], invalid()),
    ];
    for (values, refusal) in cases {
        all.push(Somebody {
            name: format!("{values:?}"),
            caller: Caller::authorized(service.channel().await, Authorization::of(values)),
            turned_away: Some(refusal),
            roles: Vec::new(),
            accounts: &[],
        });
    }
    all
}

/// All that a status says.
fn said(status: Result<(), Status>) -> (Code, String, Vec<u8>) {
    match status {
        Ok(()) => (Code::Ok, String::new(), Vec::new()),
        Err(status) => (status.code(), status.message().to_owned(), status.details().to_vec()),
    }
}

fn tokens_of_all_kinds(
    file: &mut TokensFile,
) -> Vec<(Vec<&'static str>, &'static [&'static str], String)> {
    let scopes: [&[&str]; 3] = [&[ACCOUNT], &[OTHER_ACCOUNT], &["*"]];
    let mut tokens = Vec::new();
    for bits in 1..1_u32 << ROLES.len() {
        let has = |index: &usize| bits & 1 << index != 0;
        let roles: Vec<_> = (0..ROLES.len()).filter(has).map(|index| ROLES[index]).collect();
        for scope in scopes {
            let name = format!("{}-{}", roles.join("."), tokens.len());
            tokens.push((roles.clone(), scope, file.add(&name, &roles, scope)));
        }
    }
    tokens
}

/// An endpoint, an event and a delivery of the account.
async fn holdings(caller: &mut Caller, account: &str) -> Ids {
    let endpoint = caller.register(deaf_endpoint(account)).await;
    caller.publish(sample(account, EventType::ReviewCreated)).await;
    let delivery = settled(caller, &all_of(account), State::Retrying).await.pop();
    Ids::of(&endpoint, &delivery.expect("there is one"))
}

#[tokio::test]
async fn every_rpc_is_open_to_its_role_for_its_accounts_and_to_nobody_else() {
    let mut file = TokensFile::new();
    let tokens = tokens_of_all_kinds(&mut file);
    let service = file.start();
    let mut operator = caller_with(&service, &tokens.last().unwrap().2).await;
    let own = holdings(&mut operator, ACCOUNT).await;
    let foreign = holdings(&mut operator, OTHER_ACCOUNT).await;
    let stored = operator.stored().await;

    let (mut refused, mut let_through) = (0, 0);
    let everybody = everybody(&service, &tokens).await;
    for mut somebody in everybody {
        for (service, name) in rpcs::all() {
            let rpc = rpc(&name);
            for (account, ids) in [(ACCOUNT, &own), (OTHER_ACCOUNT, &foreign), ("-", &own)] {
                let what = format!("{} calls {name} about {account}", somebody.name);
                let harmless = (rpc.harmless.0)(account, &Ids::unknown());
                let answer = somebody.caller.call(harmless).await;
                if somebody.may(&service, &name, account) {
                    let is_a_field = account == "-" && !rpc.reads_all;
                    let expected = if is_a_field { Code::InvalidArgument } else { rpc.harmless.1 };
                    assert_eq!(said(answer).0, expected, "{what}");
                    let_through += 1;
                    continue;
                }
                let expected = somebody.turned_away.clone().unwrap_or_else(denied);
                assert_eq!(Refusal::read(answer.as_ref().unwrap_err()), expected, "{what}");
                // What there is is refused in the very same words.
                let real = somebody.caller.call((rpc.real)(account, ids)).await;
                assert_eq!(said(real), said(answer), "{what}");
                refused += 1;
            }
        }
    }
    println!("{let_through} calls were let through, {refused} refused twice");
    assert!(refused > 1_000 && let_through > 200);
    assert_eq!(operator.stored().await, stored, "nothing has changed");
}

#[tokio::test]
async fn each_role_does_its_work_for_its_account() {
    let mut file = TokensFile::new();
    let admin = file.add("crm", &["admin"], &[ACCOUNT]);
    let publisher = file.add("billing", &["publisher"], &[ACCOUNT]);
    let viewer = file.add("dashboard", &["viewer"], &[ACCOUNT]);
    let service = file.start();
    let mut admin = caller_with(&service, &admin).await;
    let created = admin.create(deaf_endpoint(ACCOUNT)).await;
    let registered = created.endpoint.unwrap();
    let request = GetEndpointSecretRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: registered.endpoint_id.clone(),
    };
    let secret = admin.admin.get_endpoint_secret(request).await.unwrap().into_inner();
    assert_eq!(secret.secret, created.secret);
    let mut publisher = caller_with(&service, &publisher).await;
    let published = publisher.publish(sample(ACCOUNT, EventType::LeadQualified)).await;
    assert_eq!(published.delivery_count, 1);
    let mut viewer = caller_with(&service, &viewer).await;
    let listed = viewer.deliveries(all_of(ACCOUNT)).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].event_id, published.event_id);
}

#[tokio::test]
async fn an_account_id_that_is_none_is_a_bad_field_whoever_calls() {
    let mut file = TokensFile::new();
    let token = file.add("crm", &ROLES, &[ACCOUNT]);
    let service = file.start();
    let mut caller = caller_with(&service, &token).await;
    for (_, name) in rpcs::all().into_iter().filter(|(_, name)| name != "ListEventTypes") {
        for account in ["", " ", "--", "acct 1", "*"] {
            let refusal = caller.refusal((rpc(&name).real)(account, &Ids::unknown())).await;
            assert_eq!(refusal.code, Code::InvalidArgument, "{name} {account:?}");
            let is_named = refusal.fields.iter().any(|field| field.ends_with("account_id"));
            assert!(is_named, "{name} {account:?}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn a_batch_with_one_foreign_account_in_it_is_refused_whole() {
    let mut file = TokensFile::new();
    let publisher = file.add("billing", &["publisher"], &[ACCOUNT]);
    let operator = file.add("operator", &ROLES, &["*"]);
    let service = file.start();
    let mut caller = caller_with(&service, &publisher).await;
    let mut operator = caller_with(&service, &operator).await;
    operator.register(deaf_endpoint(ACCOUNT)).await;
    let event = |account: &str| sample(account, EventType::BookingCreated);
    for last in [event(OTHER_ACCOUNT), event("-")] {
        let mut requests = vec![event(ACCOUNT); 10];
        // A bad field does not come before it.
        requests[3].data = None;
        requests.push(last);
        let refusal = caller.refusal(BatchPublishEventsRequest { requests }).await;
        assert_eq!(refusal, denied());
    }
    assert_eq!(operator.deliveries(ListDeliveriesRequest { ..all_of("-") }).await, []);
    assert_eq!(caller.publish_all(vec![event(ACCOUNT); 10]).await.len(), 10);
}

#[tokio::test]
async fn without_a_tokens_file_everybody_on_loopback_may_do_everything() {
    let service = Service::start(&[]);
    for authorization in [Authorization::default(), Authorization::of(&["nonsense"])] {
        let mut caller = Caller::authorized(service.channel().await, authorization);
        caller.register(endpoint(ACCOUNT)).await;
        caller.register(endpoint(OTHER_ACCOUNT)).await;
        for (_, name) in rpcs::all() {
            let call: Call = (rpc(&name).harmless.0)(ACCOUNT, &Ids::unknown());
            assert_eq!(said(caller.call(call).await).0, rpc(&name).harmless.1, "{name}");
        }
    }
}
