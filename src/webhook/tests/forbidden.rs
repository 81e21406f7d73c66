//! Every way to a forbidden address that is known, tried through the client: each is refused, and
//! a listener that waits at a forbidden address proves that nobody came.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;

use futures_util::future::{BoxFuture, FutureExt};

use super::receiver::{OK, Receiver, answer_each};
use super::sender::{Sender, message};
use crate::domain::address::AddressPolicy;
use crate::domain::address::tests::FORBIDDEN;
use crate::domain::attempt::Outcome;
use crate::webhook::resolver::Resolve;

/// Fewest vectors that are tried.
const VECTORS_MIN: usize = 500;
/// Where the trap listens; of loopback, 127.0.0.1 alone is allowed.
const TRAP: &str = "127.0.0.9";
const ALLOWED: &str = "127.0.0.1";

/// Spellings of the parts of [`TRAP`]: decimal, octal, hexadecimal.
const FIRST: [&str; 3] = ["127", "0177", "0x7f"];
const ZERO: [&str; 3] = ["0", "00", "0x0"];
const LAST: [&str; 3] = ["9", "011", "0X9"];
/// All of it in one number.
const WHOLE: [&str; 3] = ["2130706441", "017700000011", "0x7F000009"];
/// The same address inside IPv6, and in other writing.
const OTHERS: [&str; 22] = [
    "[::ffff:127.0.0.9]",
    "[::FFFF:127.0.0.9]",
    "[::ffff:7f00:9]",
    "[0:0:0:0:0:ffff:7f00:9]",
    "[0000:0000:0000:0000:0000:ffff:7f00:0009]",
    "[::ffff:0:127.0.0.9]",
    "[::127.0.0.9]",
    "[::7f00:9]",
    "[64:ff9b::127.0.0.9]",
    "[64:ff9b::7f00:9]",
    "[64:ff9b:0:0:0:0:7f00:9]",
    "[0064:ff9b::7f00:0009]",
    "[64:ff9b:1::127.0.0.9]",
    "[2002:7f00:9::]",
    "[2002:7f00:9::1]",
    "[2001:0:7f00:9::]",
    "[::]",
    "[::1]",
    "127.0.0.9.",
    "\u{ff11}\u{ff12}\u{ff17}.0.0.\u{ff19}",
    "\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2468}",
    "127\u{3002}0\u{3002}0\u{3002}9",
];

/// Names and what they mean: the answers in turn, the last again and again.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<Vec<IpAddr>>>>);

impl Resolve for Names {
    fn resolve(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(&host).expect("the name is known");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        async move { Ok(answer.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()) }.boxed()
    }
}

/// Hosts to try, the names among them with their answers.
#[derive(Default)]
struct Vectors {
    hosts: Vec<String>,
    names: HashMap<String, Vec<Vec<IpAddr>>>,
}

impl Vectors {
    /// A host as it is written.
    fn literal(&mut self, host: impl Into<String>) {
        self.hosts.push(host.into());
    }

    /// A name with these answers.
    fn name(&mut self, answers: &[&str]) {
        let name = format!("name-{}.example", self.names.len());
        let ips = answers.iter().map(|ip| ip.parse().unwrap()).collect();
        self.names.insert(name.clone(), vec![ips]);
        self.hosts.push(name);
    }

    /// An address in each of the ways to it.
    fn address(&mut self, ip: &str) {
        self.literal(if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() });
        self.name(&[ip]);
        self.name(&[ALLOWED, ip]);
        self.name(&[ip, ALLOWED]);
    }

    fn all() -> Self {
        let mut vectors = Self::default();
        vectors.add_spellings();
        for [_, first, last, _] in FORBIDDEN {
            for ip in [first, last] {
                vectors.address(ip);
                if !ip.contains(':') {
                    vectors.address(&format!("::ffff:{ip}"));
                    vectors.address(&format!("64:ff9b::{ip}"));
                }
            }
        }
        for ip in ["169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", TRAP] {
            vectors.address(ip);
        }
        vectors
    }

    fn add_spellings(&mut self) {
        for first in FIRST {
            for last in LAST {
                self.literal(format!("{first}.{last}"));
                for third in ZERO {
                    self.literal(format!("{first}.{third}.{last}"));
                    for second in ZERO {
                        self.literal(format!("{first}.{second}.{third}.{last}"));
                    }
                }
            }
        }
        WHOLE.into_iter().chain(OTHERS).for_each(|host| self.literal(host));
    }
}

fn policy() -> AddressPolicy {
    AddressPolicy::new(vec![format!("{ALLOWED}/32").parse().unwrap()], Vec::new())
}

async fn trap() -> Receiver {
    Receiver::start_on(TRAP, |tcp| answer_each(tcp, OK.into())).await
}

#[tokio::test]
async fn no_spelling_name_or_mixed_answer_leads_to_a_forbidden_address() {
    let (trap, open) = (trap().await, Receiver::answering(OK).await);
    let vectors = Vectors::all();
    assert!(vectors.hosts.len() >= VECTORS_MIN, "{} vectors", vectors.hosts.len());
    let sender = Sender::guarded(policy(), Names(Mutex::new(vectors.names)));
    for host in &vectors.hosts {
        for port in [trap.address.port(), open.address.port()] {
            let exchange = sender.post(&format!("http://{host}:{port}/")).await;
            assert_eq!(exchange.outcome, Outcome::Blocked, "{host}: {exchange:?}");
            assert!(message(&exchange).contains(" is "), "{host}: {exchange:?}");
            assert_eq!((exchange.remote_address, exchange.response), (None, None), "{host}");
        }
    }
    assert_eq!((trap.connections(), open.connections()), (0, 0));

    // The same way to the allowed address is open.
    let exchange = sender.post(&open.url("/")).await;
    assert_eq!((exchange.outcome, open.connections()), (Outcome::Succeeded, 1));
}

#[tokio::test]
async fn an_answer_that_changes_between_attempts_never_leads_to_a_forbidden_address() {
    let (trap, open) = (trap().await, Receiver::answering(OK).await);
    let ips = |ips: &[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect::<Vec<IpAddr>>();
    for later in [&[TRAP][..], &[ALLOWED, TRAP], &["::ffff:127.0.0.9"], &["64:ff9b::7f00:9"]] {
        let answers = vec![ips(&[ALLOWED]), ips(later)];
        let names = HashMap::from([("rebinding.example".to_owned(), answers)]);
        let sender = Sender::guarded(policy(), Names(Mutex::new(names)));
        let first =
            sender.post(&format!("http://rebinding.example:{}/", open.address.port())).await;
        assert_eq!(first.outcome, Outcome::Succeeded);
        let second =
            sender.post(&format!("http://rebinding.example:{}/", trap.address.port())).await;
        assert_eq!(second.outcome, Outcome::Blocked, "{later:?}");
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn no_redirect_leads_to_a_forbidden_address() {
    let trap = trap().await;
    let port = trap.address.port();
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for location in [
            format!("http://{TRAP}:{port}/"),
            format!("//{TRAP}:{port}/"),
            format!("http://2130706441:{port}/"),
            format!("http://[::ffff:7f00:9]:{port}/"),
            format!("http://{ALLOWED}@{TRAP}:{port}/"),
            format!("http:\\\\{TRAP}:{port}/"),
        ] {
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            );
            let open = Receiver::answering(answer).await;
            let sender = Sender::guarded(policy(), Names::default());
            let exchange = sender.post(&open.url("/")).await;
            assert_eq!(exchange.outcome, Outcome::HttpStatus, "{status} {location}");
            assert!(message(&exchange).ends_with("redirects are not followed"));
        }
    }
    assert_eq!(trap.connections(), 0);
}
