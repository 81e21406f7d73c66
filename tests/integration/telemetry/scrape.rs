//! Asks `/metrics`, `/healthz` and `/readyz`, and reads what Prometheus would.

use std::collections::BTreeMap;

use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::service::Service;

/// An answer: its status and its text.
pub async fn get(address: &str, path: &str) -> (u16, String) {
    let stream = TcpStream::connect(address).await.expect("it listens");
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.expect("it speaks HTTP");
    tokio::spawn(connection);
    let request = http::Request::builder().uri(path).header("host", address);
    let request = request.body(Empty::<bytes::Bytes>::new()).expect("a request");
    let answer = sender.send_request(request).await.expect("it answers");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("to its end").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("in UTF-8"))
}

/// What a service shows.
pub async fn scrape(service: &Service) -> Scrape {
    let (status, text) = get(&service.ops_address(), "/metrics").await;
    assert_eq!(status, 200, "{text}");
    Scrape::read(text)
}

/// Metrics as they were at one moment.
pub struct Scrape {
    /// As it came.
    pub text: String,
    /// The type of each metric by name.
    pub types: BTreeMap<String, String>,
    /// The value of each series by name and labels, all as they are written.
    pub series: BTreeMap<String, String>,
}

impl Scrape {
    /// Reads the text format; whatever is not of it fails the test.
    fn read(text: String) -> Self {
        let (mut types, mut series) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let (kind, name, rest) = (words.next(), words.next(), words.next());
                let (name, rest) = (name.expect("a name"), rest.expect("what there is of it"));
                match kind {
                    Some("TYPE") => {
                        types.insert(name.to_owned(), rest.to_owned());
                    }
                    Some("HELP") => {}
                    _ => panic!("a comment that is none: {line}"),
                }
                continue;
            }
            let (name, value) = line.rsplit_once(' ').expect("a series and its value");
            assert!(value.parse::<f64>().is_ok(), "a number: {line}");
            let before = series.insert(name.to_owned(), value.to_owned());
            assert!(before.is_none(), "twice: {name}");
        }
        Self { text, types, series }
    }

    /// The value of a series.
    pub fn value(&self, series: &str) -> f64 {
        let value = self.series.get(series).map(|value| value.parse().expect("it was read"));
        value.unwrap_or_else(|| panic!("{series} is in\n{}", self.text))
    }

    /// The value of a series that counts; 0 where there is none.
    pub fn count(&self, series: &str) -> u64 {
        self.series.get(series).map_or(0, |value| value.parse().expect("a whole number"))
    }
}
