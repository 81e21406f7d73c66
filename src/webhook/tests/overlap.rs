//! What a request carries while two secrets are in force.

use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::receiver::{OK, Receiver, read_request};
use super::sender::{BODY, Sender};
use crate::domain::attempt::Outcome;
use crate::domain::secret::Secret;
use crate::webhook::signature::{verify_bookora, verify_standard};

#[tokio::test]
async fn both_secrets_sign_and_no_header_has_two_lines() {
    let (seen, mut requests) = mpsc::channel(1);
    let receiver = Receiver::start(move |mut tcp| {
        let seen = seen.clone();
        async move {
            let request = read_request(&mut tcp).await.unwrap();
            tcp.write_all(OK.as_bytes()).await.unwrap();
            seen.send(request).await.unwrap();
        }
    })
    .await;
    let second = Secret::parse("my-own-secret-0123456789").ok();
    let sender = Sender { second: second.clone(), ..Sender::new() };
    let exchange = sender.post(&receiver.url("/")).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);

    let (head, body) = requests.recv().await.unwrap();
    assert_eq!(body, BODY);
    let value = |name: &str| {
        let lines = head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines.len(), 1, "{name} in {head}");
        lines[0]
    };
    let (first, second) = (&sender.secret, &second.unwrap());
    assert!(verify_bookora(first, &body, value("x-bookora-signature")));
    assert!(verify_bookora(second, &body, value("x-bookora-signature-previous")));

    let signatures = value("webhook-signature");
    let (id, timestamp) = (value("webhook-id"), value("webhook-timestamp"));
    let verifies = |secret, header| verify_standard(secret, id, timestamp, &body, header);
    let (by_first, by_second) = signatures.split_once(' ').unwrap();
    assert!(verifies(first, by_first) && verifies(second, by_second), "{signatures}");
    assert!(verifies(first, signatures) && verifies(second, signatures), "{signatures}");
}
