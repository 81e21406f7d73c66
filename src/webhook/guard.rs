//! The guarded way to a TCP connection: resolve, refuse if any answer is forbidden, connect to
//! those very addresses, check the peer. It stands in the connector, so that names and literal
//! addresses pass it alike, and no second lookup can answer differently. What is forbidden is
//! left to [`crate::domain::address`].

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::opening::{ConnectError, Opening, Stage};
use super::resolver::Resolve;
use crate::domain::address::AddressPolicy;

/// Most addresses of one name that are tried: with the delay below, all are within the default
/// deadline of 5 s.
const ADDRESSES_TRIED_MAX: usize = 16;
/// How long one address may be silent before the next is tried beside it (RFC 8305, section 5).
const NEXT_ADDRESS_DELAY: Duration = Duration::from_millis(250);

/// Makes TCP connections to where the policy allows.
pub struct Guard {
    resolver: Arc<dyn Resolve>,
    policy: AddressPolicy,
}

impl Guard {
    /// A guard that asks `resolver` for addresses and `policy` about each.
    pub fn new(resolver: Arc<dyn Resolve>, policy: AddressPolicy) -> Self {
        Self { resolver, policy }
    }

    /// Connects to `host`, a name or a literal address (IPv6 without brackets).
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
        opening: &Opening,
    ) -> Result<TcpStream, ConnectError> {
        let addresses = self.resolve(host, port, opening).await?;
        for address in &addresses {
            self.policy.check(*address).map_err(ConnectError::Blocked)?;
        }
        let tried: Vec<_> = interleaved(&addresses).take(ADDRESSES_TRIED_MAX).collect();
        let tcp = connect_to_first(&tried).await.map_err(ConnectError::Connect)?;
        let (local, peer) = ends(&tcp).map_err(ConnectError::Connect)?;
        self.policy.check_connection(local, peer).map_err(ConnectError::Blocked)?;
        opening.reached(peer);
        Ok(tcp)
    }

    async fn resolve(
        &self,
        host: &str,
        port: u16,
        opening: &Opening,
    ) -> Result<Vec<SocketAddr>, ConnectError> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            opening.begin(Stage::Connecting);
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        opening.begin(Stage::Resolving);
        let addresses = self.resolver.resolve(host.to_owned(), port).await;
        let addresses = addresses.map_err(ConnectError::Dns)?;
        if addresses.is_empty() {
            return Err(ConnectError::Dns(io::Error::other("no addresses")));
        }
        opening.enter(Stage::Connecting);
        Ok(addresses)
    }
}

/// The addresses with the two families in turn, so that a family that leads nowhere costs one
/// delay and not sixteen (RFC 8305, section 4); within a family in the resolver's order.
fn interleaved(addresses: &[SocketAddr]) -> impl Iterator<Item = SocketAddr> {
    let is_v6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let of_family = |is_v6| addresses.iter().copied().filter(move |one| one.is_ipv6() == is_v6);
    let (mut first, mut second) = (of_family(is_v6_first), of_family(!is_v6_first));
    let mut is_seconds_turn = true;
    std::iter::from_fn(move || {
        is_seconds_turn = !is_seconds_turn;
        if is_seconds_turn {
            second.next().or_else(|| first.next())
        } else {
            first.next().or_else(|| second.next())
        }
    })
}

/// The first connection that is made: each next address is tried when the last one failed, or was
/// silent for [`NEXT_ADDRESS_DELAY`] (RFC 8305, section 5).
async fn connect_to_first(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut untried = addresses.iter();
    let mut under_way = FuturesUnordered::new();
    let mut failure = io::Error::other("no addresses");
    loop {
        match untried.next() {
            Some(address) => under_way.push(TcpStream::connect(*address)),
            None if under_way.is_empty() => return Err(failure),
            None => {}
        }
        tokio::select! {
            Some(made) = under_way.next() => match made {
                Ok(tcp) => return Ok(tcp),
                Err(error) => failure = error,
            },
            () = sleep(NEXT_ADDRESS_DELAY), if untried.len() > 0 => {}
        }
    }
}

/// The local and the remote address, without Nagle's delay: a request is one small write.
fn ends(tcp: &TcpStream) -> io::Result<(SocketAddr, SocketAddr)> {
    tcp.set_nodelay(true)?;
    Ok((tcp.local_addr()?, tcp.peer_addr()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns_and_each_keeps_its_order() {
        let order = |addresses: &[&str]| -> Vec<String> {
            let addresses: Vec<SocketAddr> =
                addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 1)).collect();
            interleaved(&addresses).map(|address| address.ip().to_string()).collect()
        };
        assert_eq!(order(&["::1", "::2", "::3", "1.1.1.1"]), ["::1", "1.1.1.1", "::2", "::3"]);
        assert_eq!(
            order(&["1.1.1.1", "2.2.2.2", "::1", "::2"]),
            ["1.1.1.1", "::1", "2.2.2.2", "::2"]
        );
        assert_eq!(order(&["1.1.1.1", "2.2.2.2"]), ["1.1.1.1", "2.2.2.2"]);
        assert_eq!(order(&["::1", "1.1.1.1", "2.2.2.2"]), ["::1", "1.1.1.1", "2.2.2.2"]);
        assert!(order(&[]).is_empty());
    }
}
