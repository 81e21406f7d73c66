//! A name server that answers as a test says, over UDP and TCP.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// Longest answer over UDP; a longer one is asked for again over TCP.
const UDP_BYTES_MAX: usize = 1_232;
const A: u16 = 1;
const AAAA: u16 = 28;

/// What is answered to a question for one family.
#[derive(Clone)]
pub enum Reply {
    /// The addresses of that family among these, and for how many seconds they hold.
    Addresses(Vec<IpAddr>, u32),
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    Failure,
    /// Nothing.
    Silence,
    /// Something, later.
    Late(Duration, Box<Reply>),
}

/// The addresses, to be kept for a minute.
pub fn addresses(ips: &[&str]) -> Reply {
    Reply::Addresses(ips.iter().map(|ip| ip.parse().unwrap()).collect(), 60)
}

/// Listens on 127.0.0.1 until dropped.
pub struct NameServer {
    pub address: SocketAddr,
    questions: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
}

/// A question: the name, whether it is for IPv6, and how many came before it.
pub type Question<'a> = (&'a str, bool, usize);

impl NameServer {
    pub async fn start(reply: impl Fn(Question) -> Reply + Send + Sync + 'static) -> Self {
        let (reply, questions) = (Arc::new(reply), Arc::new(AtomicUsize::new(0)));
        // A port that is free for both.
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (Arc::new(udp), tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let counted = {
            let questions = Arc::clone(&questions);
            move |question: &[u8]| {
                let (name, is_v6) = read(question);
                reply((&name, is_v6, questions.fetch_add(1, Ordering::SeqCst)))
            }
        };
        let counted = Arc::new(counted);
        let by_udp = tokio::spawn(serve_udp(udp, counted.clone()));
        let by_tcp = tokio::spawn(async move {
            while let Ok((tcp, _)) = tcp.accept().await {
                tokio::spawn(serve_tcp(tcp, counted.clone()));
            }
        });
        Self { address, questions, tasks: [by_udp, by_tcp] }
    }

    /// How many questions came.
    pub fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn serve_udp<F>(udp: Arc<UdpSocket>, reply: Arc<F>)
where
    F: Fn(&[u8]) -> Reply + Send + Sync + 'static,
{
    let mut buffer = [0; 4_096];
    while let Ok((length, peer)) = udp.recv_from(&mut buffer).await {
        let (question, udp, reply) = (buffer[..length].to_vec(), udp.clone(), reply.clone());
        tokio::spawn(async move {
            if let Some(mut answer) = answer(&question, reply(&question)).await {
                if answer.len() > UDP_BYTES_MAX {
                    // TC: there is more than fits.
                    answer.truncate(question_end(&question));
                    answer[2] |= 2;
                    answer[6..8].fill(0);
                }
                let _ = udp.send_to(&answer, peer).await;
            }
        });
    }
}

async fn serve_tcp<F>(mut tcp: TcpStream, reply: Arc<F>)
where
    F: Fn(&[u8]) -> Reply + Send + Sync + 'static,
{
    while let Ok(length) = tcp.read_u16().await {
        let mut question = vec![0; usize::from(length)];
        if tcp.read_exact(&mut question).await.is_err() {
            return;
        }
        if let Some(answer) = answer(&question, reply(&question)).await {
            let length = u16::try_from(answer.len()).expect("it fits");
            let _ = tcp.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await;
        }
    }
}

/// Where the question's name, type and class end (RFC 1035, section 4.1.2).
fn question_end(message: &[u8]) -> usize {
    let mut at = 12;
    while message[at] != 0 {
        at += 1 + usize::from(message[at]);
    }
    at + 5
}

fn read(message: &[u8]) -> (String, bool) {
    let end = question_end(message);
    let (mut at, mut labels) = (12, Vec::new());
    while message[at] != 0 {
        let length = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..=at + length]).to_lowercase());
        at += 1 + length;
    }
    let kind = u16::from_be_bytes([message[end - 4], message[end - 3]]);
    assert!([A, AAAA].contains(&kind), "addresses alone are asked for");
    (labels.join("."), kind == AAAA)
}

async fn answer(question: &[u8], reply: Reply) -> Option<Vec<u8>> {
    let (mut ips, mut ttl, mut code) = (Vec::new(), 0, 0);
    let mut reply = reply;
    while let Reply::Late(delay, later) = reply {
        tokio::time::sleep(delay).await;
        reply = *later;
    }
    match reply {
        Reply::Addresses(all, seconds) => (ips, ttl) = (all, seconds),
        Reply::NoSuchName => code = 3,
        Reply::Failure => code = 2,
        Reply::Silence | Reply::Late(..) => return None,
    }
    let is_v6 = read(question).1;
    ips.retain(|ip| ip.is_ipv6() == is_v6);
    let mut message = question[..question_end(question)].to_vec();
    message[2..4].copy_from_slice(&[0x81, 0x80 | code]);
    let count = u16::try_from(ips.len()).expect("a few");
    message[4..12].copy_from_slice(&[
        0,
        1,
        count.to_be_bytes()[0],
        count.to_be_bytes()[1],
        0,
        0,
        0,
        0,
    ]);
    for ip in ips {
        let (kind, data) = match ip {
            IpAddr::V4(ip) => (A, ip.octets().to_vec()),
            IpAddr::V6(ip) => (AAAA, ip.octets().to_vec()),
        };
        // The question's name, by its place.
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message.extend(ttl.to_be_bytes());
        message.extend(u16::try_from(data.len()).expect("4 or 16").to_be_bytes());
        message.extend(data);
    }
    Some(message)
}
