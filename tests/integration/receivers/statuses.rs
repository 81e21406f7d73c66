//! Every kind of status, and the headers that make promises about the next attempt.

use super::matrix::{Matrix, NOT_HTTP, SUCCEEDS, status};

/// Statuses that acknowledge, and the body they come with.
const ACKNOWLEDGING: [&str; 12] = [
    "200 OK",
    "201 Created",
    "202 Accepted",
    "203 Non-Authoritative Information",
    "204 No Content",
    "205 Reset Content",
    "206 Partial Content",
    "207 Multi-Status",
    "208 Already Reported",
    "226 IM Used",
    "250 Odd",
    "299 Odd",
];

/// Statuses that do not, and what is said of each.
const REFUSING: [(&str, &str); 29] = [
    ("304 Not Modified", "answered 304 Not Modified; redirects are not followed"),
    ("400 Bad Request", "answered 400 Bad Request"),
    ("401 Unauthorized", "answered 401 Unauthorized"),
    ("402 Payment Required", "answered 402 Payment Required"),
    ("403 Forbidden", "answered 403 Forbidden"),
    ("404 Not Found", "answered 404 Not Found"),
    ("405 Method Not Allowed", "answered 405 Method Not Allowed"),
    ("406 Not Acceptable", "answered 406 Not Acceptable"),
    ("407 Proxy Authentication Required", "answered 407 Proxy Authentication Required"),
    ("408 Request Timeout", "answered 408 Request Timeout"),
    ("409 Conflict", "answered 409 Conflict"),
    ("410 Gone", "answered 410 Gone"),
    ("411 Length Required", "answered 411 Length Required"),
    ("413 Content Too Large", "answered 413 Payload Too Large"),
    ("415 Unsupported Media Type", "answered 415 Unsupported Media Type"),
    ("421 Misdirected Request", "answered 421 Misdirected Request"),
    ("422 Unprocessable Content", "answered 422 Unprocessable Entity"),
    ("425 Too Early", "answered 425 Too Early"),
    ("426 Upgrade Required", "answered 426 Upgrade Required"),
    ("431 Request Header Fields Too Large", "answered 431 Request Header Fields Too Large"),
    ("451 Unavailable For Legal Reasons", "answered 451 Unavailable For Legal Reasons"),
    ("500 whatever it says", "answered 500 Internal Server Error"),
    ("501 Not Implemented", "answered 501 Not Implemented"),
    ("502 Bad Gateway", "answered 502 Bad Gateway"),
    ("504 Gateway Timeout", "answered 504 Gateway Timeout"),
    ("511 Network Authentication Required", "answered 511 Network Authentication Required"),
    ("600 Odd", "answered 600 (not a registered status)"),
    ("799 Odd", "answered 799 (not a registered status)"),
    ("999 Odd", "answered 999 (not a registered status)"),
];

/// What is no status at all.
const IMPOSSIBLE: [&str; 6] = ["000 Odd", "99 Odd", "099 Odd", "1000 Odd", "-200 Odd", "2e2 Odd"];

/// Values of `Retry-After`, sensible and not.
const RETRY_AFTER: [&str; 12] = [
    "120",
    "0",
    "-5",
    "1e30",
    "inf",
    "NaN",
    "99999999999999999999999999",
    "Wed, 21 Oct 2076 07:28:00 GMT",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "Wed, 99 Foo 2026 07:28:00 GMT",
    "120, 60",
    "",
];

/// Where a redirect must not lead anybody.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    for line in ACKNOWLEDGING {
        let bare = line.starts_with("204") || line.starts_with("205");
        let rest = if bare { "\r\n" } else { "content-length: 2\r\n\r\nok" };
        let length = if line.starts_with("205") { "content-length: 0\r\n" } else { "" };
        matrix.answers(line, SUCCEEDS, format!("HTTP/1.1 {line}\r\n{length}{rest}")).await;
    }
    for (line, told) in REFUSING {
        matrix.answers(line, status(told), head(line, "")).await;
    }
    for line in IMPOSSIBLE {
        matrix.answers(&format!("status {line:?}"), NOT_HTTP, head(line, "")).await;
    }
    for line in ["429 Too Many Requests", "503 Service Unavailable"] {
        for value in RETRY_AFTER {
            let name = format!("{line}, Retry-After: {value:?}");
            let answer = head(line, &format!("retry-after: {value}\r\n"));
            matrix.answers(&name, status(line), answer).await;
        }
        let twice = head(line, "retry-after: 1\r\nretry-after: 3600\r\n");
        matrix.answers(&format!("{line}, Retry-After twice"), status(line), twice).await;
    }
    add_redirects(matrix).await;
}

async fn add_redirects(matrix: &mut Matrix) {
    let trap = matrix.trap.url("/");
    for line in [
        "300 Multiple Choices",
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "305 Use Proxy",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        for (to, location) in [("metadata", METADATA), ("a trap", trap.as_str())] {
            let told = status("; redirects are not followed");
            let answer = head(line, &format!("location: {location}\r\n"));
            matrix.answers(&format!("{line} to {to}"), told, answer).await;
        }
    }
    let refresh = format!("HTTP/1.1 200 OK\r\nrefresh: 0; url={trap}\r\ncontent-length: 0\r\n\r\n");
    matrix.answers("200 with a refresh to a trap", SUCCEEDS, refresh).await;
    let elsewhere = format!("alt-svc: h2=\"{}\"\r\n", matrix.trap.address);
    let elsewhere = format!("HTTP/1.1 200 OK\r\n{elsewhere}content-length: 0\r\n\r\n");
    matrix.answers("200 with an alternative service at a trap", SUCCEEDS, elsewhere).await;
}

/// A head without a body.
fn head(line: &str, headers: &str) -> String {
    format!("HTTP/1.1 {line}\r\n{headers}content-length: 0\r\n\r\n")
}
