//! What customers get: the packaged crate, the README's first program, the example receiver. Each is
//! built by cargo as they would build it, not in this workspace.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use bookora_webhooks_sdk::v1::{ListDeliveriesRequest, ResendDeliveryRequest};

use crate::samples::{ACCOUNT, all_types, customer, endpoint, publish};
use crate::service::{PATIENCE, Service};

const SECRET: &str = "my-own-secret-0123456789";
const ADDRESS_SHOWN: &str = "127.0.0.1:50051";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout")
}

/// Where what is built here is kept, so that it is built once.
fn target() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    test.ancestors().nth(3).expect("the target folder").join("sdk-rust")
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(arguments)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_DEV_DEBUG", "false");
    command
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Unpacks the crate as the registry would get it, and gives where it is.
fn packaged() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let package = ["package", "--quiet", "--locked", "--no-verify", "--allow-dirty"];
    succeed(cargo(&package).arg("--manifest-path").arg(manifest));
    let name = concat!("bookora-webhooks-sdk-", env!("CARGO_PKG_VERSION"));
    let (folder, archive) = (target().join("installed"), format!("{name}.crate"));
    std::fs::create_dir_all(&folder).expect("a folder");
    let unpacked = folder.join(name);
    // What was unpacked before.
    let _ = std::fs::remove_dir_all(&unpacked);
    let mut tar = Command::new("tar");
    // With the time of now (`m`): cargo goes by it.
    tar.arg("-xzmf").arg(target().join("package").join(archive)).arg("-C").arg(&folder);
    succeed(&mut tar);
    unpacked
}

/// The README's first program.
fn first_program() -> String {
    let readme = include_str!("../../README.md");
    let program = readme.split("```rust,no_run\n").nth(1).expect("a program");
    program.split("```").next().expect("its end").to_owned()
}

#[test]
fn the_readmes_first_program_runs_as_printed_with_the_packaged_crate() {
    let service = Service::start(&[]);
    let program = first_program();
    assert_eq!(program.matches(ADDRESS_SHOWN).count(), 1);
    let folder = target().join("first-program");
    std::fs::create_dir_all(folder.join("src")).expect("a folder");
    let manifest = format!(
        "[package]\nname = \"first-program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [workspace]\n[dependencies]\nbookora-webhooks-sdk = {{ path = {:?} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n",
        packaged()
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
    // The versions of this repository: nothing is fetched.
    std::fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a file");
    let program = program.replace(ADDRESS_SHOWN, service.address());
    std::fs::write(folder.join("src/main.rs"), program).expect("a file");
    let said = succeed(cargo(&["run", "--quiet", "--offline"]).current_dir(folder));
    assert!(said.starts_with("evt_") && said.ends_with(" has 0 deliveries\n"), "{said}");
}

/// The example, running. It is killed when dropped.
struct Example {
    child: Child,
    lines: mpsc::Receiver<String>,
    address: String,
}

impl Example {
    /// As its README says.
    fn start() -> Self {
        let folder = repository().join("examples/rust");
        let mut build = cargo(&["build", "--quiet", "--locked"]);
        succeed(build.current_dir(&folder));
        let mut run = cargo(&["run", "--quiet", "--locked"]);
        run.current_dir(folder).env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null());
        run.env(
            "BOOKORA_WEBHOOK_SECRET",
            format!("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX {SECRET}"),
        );
        let mut child = run.spawn().expect("it can be run");
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut example = Self { child, lines, address: String::new() };
        let line = example.line();
        let url = line.strip_prefix("receiving on http://").expect("it says where");
        url.trim_end_matches("/hooks").clone_into(&mut example.address);
        example
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it prints a line in time")
    }

    /// The status of the answer to a request.
    fn post(&self, headers: &str, body: &str) -> String {
        let mut socket = TcpStream::connect(&self.address).expect("it takes connections");
        let length = body.len();
        write!(
            socket,
            "POST /hooks HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\
             {headers}\r\n\r\n{body}"
        )
        .expect("it reads");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).expect("a status").to_owned()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // `cargo run` becomes the program on Unix.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_prints_what_is_delivered_once_and_refuses_what_is_forged() {
    let (service, example) = (Service::start(&[]), Example::start());
    let client = service.client();
    let url = format!("http://{}/hooks", example.address);
    let mut request = endpoint(ACCOUNT, &url);
    request.secret = Some(SECRET.to_owned());
    client.endpoint_admin().create_endpoint(request).await.expect("it is registered");

    let forged = "webhook-id: evt_1\r\nwebhook-timestamp: 1795520043\r\nwebhook-signature: v1,AAAA";
    assert_eq!(example.post(forged, "{}"), "401");
    assert_eq!(example.post("content-type: application/json", "{}"), "401");

    let published = client.publish(customer(ACCOUNT, "cus_1")).await.expect("it is published");
    assert_eq!(example.line(), format!("customer.created {}", published.event_id));
    let account_id = || ACCOUNT.to_owned();
    let delivery_id = crate::service::eventually("it has succeeded", async || {
        let list = ListDeliveriesRequest { account_id: account_id(), ..Default::default() };
        let listed = client.delivery_query().list_deliveries(list).await.expect("a list");
        let delivery = listed.into_inner().deliveries.pop().expect("a delivery");
        (delivery.attempt_count == 1).then_some(delivery.delivery_id)
    });
    let delivery_id = delivery_id.await;
    let resend = ResendDeliveryRequest {
        account_id: account_id(),
        delivery_id: delivery_id.clone(),
        ..Default::default()
    };
    client.endpoint_admin().resend_delivery(resend).await.expect("it is sent again");
    let again = async || {
        let list = ListDeliveriesRequest { account_id: account_id(), ..Default::default() };
        let listed = client.delivery_query().list_deliveries(list).await.expect("a list");
        (listed.into_inner().deliveries[0].attempt_count == 2).then_some(())
    };
    crate::service::eventually("it arrives again", again).await;
    let booking = publish(ACCOUNT, all_types().swap_remove(1));
    let published = client.publish(booking).await.expect("it is published");
    let line = format!("booking.created {}: Massage for Zoë Baker", published.event_id);
    assert_eq!(example.line(), line, "what came again is not printed again");
}
