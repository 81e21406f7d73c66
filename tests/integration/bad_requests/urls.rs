//! URLs that no endpoint may have, on a service that allows no network.

use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint, UpdateEndpointRequest};

use super::{Case, assert_accepted, assert_refused, text};
use crate::caller::{ACCOUNT, Call, Caller, endpoint};
use crate::service::Service;

/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2_048;

const NOT_A_URL: [&str; 14] = [
    "",
    " ",
    "nonsense",
    "hooks.example.com/bookora",
    "//hooks.example.com/",
    "/bookora",
    "https:",
    "https://",
    "https:///bookora",
    "https:/hooks.example.com/",
    "https:hooks.example.com/",
    "https://?q",
    "https://[::1/",
    "https://hooks.example.com:https/",
];

const OTHER_SCHEMES: [&str; 8] = [
    "http://hooks.example.com/",
    "HTTP://hooks.example.com/",
    "ftp://hooks.example.com/",
    "ws://hooks.example.com/",
    "file:///etc/passwd",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "gopher://hooks.example.com/",
];

/// What one parser strips or repairs, and another does not.
const READ_IN_TWO_WAYS: [&str; 14] = [
    " https://hooks.example.com/",
    "https://hooks.example.com/\n",
    "https://hooks.exa\tmple.com/",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\0",
    "https:\\\\hooks.example.com\\",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://hooks.example.com%2F@127.0.0.1/",
    "https://user@hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://@hooks.example.com/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com/#",
];

const BAD_PORTS: [&str; 4] = [
    "https://hooks.example.com:0/",
    "https://hooks.example.com:00/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:-1/",
];

const BAD_NAMES: [&str; 12] = [
    "https://localhost/",
    "https://LOCALHOST/",
    "https://receiver/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://hooks.localhost/",
    "https://ＬＯＣＡＬＨＯＳＴ/",
    "https://hooks.example.com./",
    "https://localhost./",
    "https://hooks..example.com/",
    "https://.example.com/",
    "https://hooks.exa*mple.com/",
];

const SPECIAL_ADDRESSES: [&str; 25] = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[ff02::1]",
];

/// Loopback, metadata and private addresses as `inet_aton` and browsers read them, and numbers
/// that are none.
const NUMERIC_SPELLINGS: [&str; 17] = [
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "0",
    "0x0",
    "2852039166",
    "0xA9FEA9FE",
    "169.254.43518",
    "１２７.０.０.１",
    "127。0。0。1",
    "256.256.256.256",
    "4294967296",
    "1.2.3.4.5",
];

fn spelled_addresses() -> impl Iterator<Item = String> {
    let all = SPECIAL_ADDRESSES.into_iter().chain(NUMERIC_SPELLINGS);
    all.flat_map(|host| [format!("https://{host}/"), format!("https://{host}:8443/")])
}

fn too_long() -> [String; 4] {
    let long_name = [text(63), text(63), text(63), text(63)].join(".");
    [
        format!("https://hooks.example.com/{}", text(URL_BYTES_MAX)),
        // Short enough as it is written, too long in the normal form that is stored.
        format!("https://hooks.example.com/{}", "ü".repeat(URL_BYTES_MAX / 4)),
        format!("https://{}.example.com/", text(64)),
        format!("https://{long_name}/"),
    ]
}

fn all() -> impl Iterator<Item = String> {
    let written = NOT_A_URL
        .into_iter()
        .chain(OTHER_SCHEMES)
        .chain(READ_IN_TWO_WAYS)
        .chain(BAD_PORTS)
        .chain(BAD_NAMES);
    written.map(str::to_owned).chain(spelled_addresses()).chain(too_long())
}

fn create(url: String) -> CreateEndpointRequest {
    let endpoint = Endpoint { url, ..endpoint(ACCOUNT) };
    CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() }
}

#[tokio::test]
async fn no_endpoint_is_created_with_a_url_that_is_not_allowed() {
    let service = Service::start_strict();
    let mut caller = Caller::new(&service).await;
    let cases = all().map(|url| Case::of_field(format!("{url:?}"), create(url), "endpoint.url"));
    assert_refused(&mut caller, cases).await;
    assert_eq!(caller.stored().await.endpoints, []);
}

#[tokio::test]
async fn no_endpoint_is_moved_to_a_url_that_is_not_allowed() {
    let service = Service::start_strict();
    let mut caller = Caller::new(&service).await;
    let created = caller.register(endpoint(ACCOUNT)).await;
    let cases = all().map(|url| {
        let request = UpdateEndpointRequest {
            endpoint: Some(Endpoint { url: url.clone(), ..created.clone() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["url".to_owned()] }),
        };
        Case::of_field(format!("{url:?}"), request, "endpoint.url")
    });
    assert_refused(&mut caller, cases).await;
    assert_eq!(caller.endpoint(&created).await, created);
}

#[tokio::test]
async fn public_names_and_addresses_are_allowed_up_to_the_longest() {
    let service = Service::start_strict();
    let mut caller = Caller::new(&service).await;
    let longest = "https://hooks.example.com/";
    let longest = format!("{longest}{}", text(URL_BYTES_MAX - longest.len()));
    let urls = [
        "https://hooks.example.com",
        "https://a.b",
        "https://my_hooks.example-1.com:8443/bookora?tenant=1&x=%2F",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]:443/",
        "https://bücher.example/",
        "https://internal.example.com/local",
        &longest,
    ];
    let calls = urls.map(|url| (url.to_owned(), Call::from(create(url.to_owned()))));
    assert_accepted(&mut caller, calls).await;
    assert_eq!(caller.stored().await.endpoints.len(), urls.len());
}

/// An endpoint of the service's own would make it send to itself for ever.
#[tokio::test]
async fn the_services_own_listener_is_no_endpoint_whatever_is_allowed() {
    let service = Service::start(&["--allow-http", "--allow-network=::/0"]);
    let mut caller = Caller::new(&service).await;
    let (_, port) = service.address().rsplit_once(':').expect("an address has a port");
    let hosts = ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"];
    let cases = hosts.iter().flat_map(|host| ["http", "https"].map(|scheme| (scheme, *host)));
    let cases = cases.map(|(scheme, host)| {
        let url = format!("{scheme}://{host}:{port}/");
        Case::of_field(url.clone(), create(url), "endpoint.url")
    });
    assert_refused(&mut caller, cases).await;
}

#[tokio::test]
async fn plain_http_is_allowed_where_the_operator_says_so_and_nothing_else_is_for_it() {
    let service = Service::start(&["--allow-http"]);
    let mut caller = Caller::new(&service).await;
    let cases = [
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://localhost/",
        "http://user@hooks.example.com/",
        "http:hooks.example.com/",
        "ftp://hooks.example.com/",
    ];
    let cases = cases.map(|url| Case::of_field(url, create(url.to_owned()), "endpoint.url"));
    assert_refused(&mut caller, cases).await;
    let allowed = create("http://hooks.example.com/".to_owned());
    assert_accepted(&mut caller, [("http".to_owned(), Call::from(allowed))]).await;
}
