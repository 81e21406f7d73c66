//! Requests that nobody means, to the real server: random ones of the contract's messages, bytes
//! that are no messages, and what is not gRPC at all. Whatever comes, the service goes on, refuses
//! with a reason, and stores only what the contract allows.
//!
//! `BOOKORA_TEST_SEED` and `BOOKORA_TEST_REQUESTS` say how requests are drawn and how many; `make
//! fuzz-requests` runs many. A request that fails prints itself.

mod audit;
mod contract;
mod edges;
mod frames;
mod known;
mod maker;
mod plausible;
mod sockets;
mod tally;
mod verdict;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{Delivery, Endpoint, Event, GetEventRequest};
use bytes::Bytes;
use prost_reflect::DynamicMessage;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::caller::{Caller, deaf_endpoint};
use crate::deliveries::sample;
use crate::service::{Service, eventually};

use contract::{Method, methods};
use maker::Maker;
use tally::Tally;
use verdict::Verdict;
use wire::{Answer, Ask, Wire, framed};

/// Accounts that requests name.
const ACCOUNTS: [&str; 3] = ["acct_1", "acct_2", "acct_3"];
/// An account that no request names as its own.
const STILL_ACCOUNT: &str = "acct_still";
/// How requests are drawn where nothing else is said.
const SEED: u64 = 20_261_124;
/// Requests where nothing else is said: seconds of two cores.
const REQUESTS: usize = 3_000;
/// Requests to one process: what is stored grows with them, and with it what each publish makes.
const ROUND: usize = 3_000;
/// Requests of one method beyond that, until it has done and refused something.
const MORE_MAX: usize = 1_000;

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")),
        Err(_) => default,
    }
}

fn seed() -> u64 {
    setting("BOOKORA_TEST_SEED", SEED)
}

/// A request on its way. It prints itself where a test fails meanwhile.
struct Shown<'a> {
    seed: u64,
    number: usize,
    path: &'a str,
    messages: &'a [DynamicMessage],
    body: &'a Bytes,
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, number, path, messages, body } = self;
            eprintln!("BOOKORA_TEST_SEED={seed}, request {number}: {path}");
            for message in *messages {
                eprintln!("{}", message.to_text_format());
            }
            eprintln!("body with its heads: {}", hex::encode(body));
        }
    }
}

/// What an account has that no request names.
#[derive(Debug, PartialEq)]
struct Still {
    endpoints: Vec<Endpoint>,
    deliveries: Vec<Delivery>,
    events: Vec<Event>,
}

impl Still {
    /// Two endpoints, three events, and their six deliveries after a first attempt.
    async fn set_up(caller: &mut Caller) -> Self {
        for _ in 0..2 {
            caller.register(deaf_endpoint(STILL_ACCOUNT)).await;
        }
        for _ in 0..3 {
            caller.publish(sample(STILL_ACCOUNT, EventType::BookingCreated)).await;
        }
        eventually("every delivery has its attempt", async || {
            let still = Self::read(caller).await;
            let has_settled = |one: &Delivery| one.state() == State::Retrying;
            still.deliveries.iter().all(has_settled).then_some(still)
        })
        .await
    }

    async fn read(caller: &mut Caller) -> Self {
        let endpoints = audit::endpoints_of(caller, STILL_ACCOUNT).await;
        let deliveries = audit::deliveries_of(caller, STILL_ACCOUNT).await;
        let mut events = Vec::new();
        for delivery in &deliveries {
            let (account_id, event_id) = (STILL_ACCOUNT.to_owned(), delivery.event_id.clone());
            let request = GetEventRequest { account_id, event_id };
            let read = caller.query.get_event(request).await.expect("it is there").into_inner();
            events.push(read.event.expect("it is in the answer"));
        }
        Self { endpoints, deliveries, events }
    }
}

/// Every endpoint, without the secrets that are about to expire: those end by themselves.
async fn lasting(caller: &mut Caller) -> Vec<Endpoint> {
    let mut endpoints = audit::endpoints_of(caller, "-").await;
    for endpoint in &mut endpoints {
        endpoint.secrets.retain(|secret| secret.expire_time.is_none());
    }
    endpoints
}

/// The account that a request to write names, by itself or in its endpoint.
fn account_of(request: &DynamicMessage) -> Option<String> {
    let named = |message: &DynamicMessage| {
        message.get_field_by_name("account_id").and_then(|text| text.as_str().map(str::to_owned))
    };
    let endpoint = request.get_field_by_name("endpoint");
    named(request).or_else(|| named(endpoint.as_ref()?.as_message()?))
}

/// A process, and all that is known of it.
struct Round {
    seed: u64,
    service: Service,
    caller: Caller,
    wire: Wire,
    maker: Maker,
    tally: Tally,
    still: Still,
    /// As they were after the last request.
    endpoints: Vec<Endpoint>,
    /// Accepted and refused requests of each method.
    verdicts: BTreeMap<String, [usize; 2]>,
}

impl Round {
    async fn new(seed: u64) -> Self {
        let service = Service::start(&[]);
        let mut caller = Caller::new(&service).await;
        let still = Still::set_up(&mut caller).await;
        let mut maker = Maker::new(StdRng::seed_from_u64(seed));
        for delivery in &still.deliveries {
            for (kind, id) in [
                ("dlv", &delivery.delivery_id),
                ("evt", &delivery.event_id),
                ("ep", &delivery.endpoint_id),
            ] {
                maker.known.remember(STILL_ACCOUNT, kind, id, &mut maker.random);
            }
        }
        let wire = Wire::open(&service).await;
        let endpoints = lasting(&mut caller).await;
        let mut round = Self {
            seed,
            service,
            caller,
            wire,
            maker,
            tally: Tally::default(),
            still,
            endpoints,
            verdicts: BTreeMap::new(),
        };
        // As good as any other request would have made them.
        let kept = round.still.endpoints.iter().map(|endpoint| endpoint.endpoint_id.clone());
        round.tally.endpoint_ids.extend(kept);
        round.tally.events = round.still.events.len() / 2;
        round.tally.deliveries = round.still.deliveries.len();
        round
    }

    async fn ask(&mut self, method: &Method, number: usize) {
        let (mut messages, mut body) = (Vec::new(), Vec::new());
        let count = if method.takes_stream { 3 } else { 1 };
        for _ in 0..count {
            let (message, bytes) = self.maker.request(&method.input);
            body.extend_from_slice(&framed(&bytes));
            messages.push(message);
        }
        let body = Bytes::from(body);
        let path = method.path.as_str();
        let _shown = Shown { seed: self.seed, number, path, messages: &messages, body: &body };
        let answer = self.wire.ask(&Ask::to(method, body.clone())).await.expect("an answer");
        let verdict = verdict::of_a_message(&answer);
        let refused = self.note(method, &answer);
        let counts = self.verdicts.entry(method.name.clone()).or_default();
        if method.takes_stream {
            counts[0] += answer.messages.len() - refused;
            counts[1] += refused;
        } else {
            counts[usize::from(verdict != Verdict::Accepted)] += 1;
        }

        let changed = self.changed_endpoints().await;
        assert!(
            changed.is_empty() || verdict == Verdict::Accepted,
            "what is refused has no effect"
        );
        assert!(changed.len() <= 1, "a write is about one endpoint: {changed:?}");
        for (endpoint_id, account_id, is_there) in changed {
            assert_eq!(Some(account_id), account_of(&messages[0]), "of the account that is named");
            if !is_there {
                assert_eq!(method.name, "DeleteEndpoint");
                self.tally.endpoint_ids.remove(&endpoint_id);
            }
        }
    }

    /// Some methods are seldom asked for what they can do: these are asked some more.
    async fn ask_until_each_is_understood_and_refused(&mut self, methods: &[Method]) {
        let is_missing = |counts: Option<&[usize; 2]>| counts.is_none_or(|both| both.contains(&0));
        for method in methods {
            let mut number = ROUND;
            while is_missing(self.verdicts.get(&method.name)) {
                assert!(number < ROUND + MORE_MAX, "{}: {:?}", method.name, self.verdicts);
                self.ask(method, number).await;
                number += 1;
            }
        }
    }

    /// Which endpoints are not as they were when this was last asked: the id, the account, and
    /// whether it is there.
    async fn changed_endpoints(&mut self) -> Vec<(String, String, bool)> {
        let now = lasting(&mut self.caller).await;
        let before = std::mem::replace(&mut self.endpoints, now);
        let now: BTreeMap<_, _> =
            self.endpoints.iter().map(|one| (&one.endpoint_id, one)).collect();
        let before: BTreeMap<_, _> = before.iter().map(|one| (&one.endpoint_id, one)).collect();
        let all = before.iter().chain(now.iter());
        let differs = all.filter(|(id, _)| before.get(*id) != now.get(*id));
        let named =
            differs.map(|(id, one)| ((*id).clone(), one.account_id.clone(), now.contains_key(*id)));
        named.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Learns from an answer, and counts what in it is refused.
    fn note(&mut self, method: &Method, answer: &Answer) -> usize {
        let mut refused = 0;
        for bytes in &answer.messages {
            let response = DynamicMessage::decode(method.output.clone(), bytes.clone());
            let response = response.expect("an answer is as the contract says");
            refused += verdict::of_parts(&response);
            self.tally.note(&method.name, &response);
            let owner = self.maker.account_id().to_owned();
            self.maker.known.learn(&response, &owner, &mut self.maker.random);
        }
        refused
    }

    /// Looks at everything that is left.
    async fn end(mut self) {
        assert!(!self.service.has_ended(), "the process lives");
        assert!(!self.service.log().contains("panicked"), "nothing panicked");
        assert!(!self.service.log().contains("internal error"), "no fault was found");
        assert_eq!(Still::read(&mut self.caller).await, self.still, "others are not touched");
        let audit = audit::read_all(&mut self.caller).await;
        assert_eq!(audit.endpoint_ids, self.tally.endpoint_ids, "those that were acknowledged");
        // Beside these, what recoveries made.
        assert!(audit.deliveries >= self.tally.deliveries, "{} deliveries", audit.deliveries);
        let events = self.service.ask_database("SELECT COUNT(*) FROM events").await;
        assert_eq!(usize::try_from(events).ok(), Some(self.tally.events), "those acknowledged");
        let unequal = "SELECT COUNT(*) FROM deliveries AS d WHERE d.revision <> (SELECT COUNT(*) \
                       FROM delivery_changes AS c WHERE c.delivery_id = d.delivery_id)";
        assert_eq!(self.service.ask_database(unequal).await, 0, "a row of the log for a change");
        println!(
            "seed {}: {} endpoints, {} events, {} deliveries of {} events read back; accepted and \
             refused: {:?}",
            self.seed,
            audit.endpoint_ids.len(),
            events,
            audit.deliveries,
            audit.events,
            self.verdicts
        );
    }
}

#[tokio::test]
async fn whatever_messages_say_they_are_answered_and_what_is_stored_is_valid() {
    let requests = setting("BOOKORA_TEST_REQUESTS", REQUESTS as u64);
    let mut left = usize::try_from(requests).expect("a number of requests");
    let methods = methods();
    for seed in seed().. {
        let mut round = Round::new(seed).await;
        for number in 0..left.min(ROUND) {
            let method = methods.choose(&mut round.maker.random).expect("not empty");
            round.ask(method, number).await;
        }
        if left >= ROUND {
            round.ask_until_each_is_understood_and_refused(&methods).await;
        }
        round.end().await;
        left = left.saturating_sub(ROUND);
        if left == 0 {
            return;
        }
    }
}
