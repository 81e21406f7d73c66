//! Which addresses requests may go to: the guard against requests that an endpoint's owner makes
//! the service send into its operator's own network (SSRF).
//!
//! It only judges. When an endpoint is registered it gives an early, clear error for a literal
//! address; when a request is sent the connector asks it about every answer of the resolver and
//! about the connected peer, and that decides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What may be connected to: global unicast addresses minus the IANA special-purpose registries
/// and the metadata services of clouds, plus what the operator allows, minus the own listeners.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    allowed_networks: Vec<IpNet>,
    own_listeners: Vec<SocketAddr>,
}

/// The address may not be connected to. The text names the address, why, and what an operator
/// can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenAddress {
    /// It has a special purpose: the operator can allow its network.
    #[error("{address} is {purpose}; start the service with --allow-network {network} to allow it")]
    SpecialPurpose {
        /// The address; the embedded one where an IPv4 address came inside an IPv6 address.
        address: IpAddr,
        /// What it is for.
        purpose: &'static str,
        /// The narrowest network that would have to be allowed.
        network: IpNet,
    },
    /// The service itself listens there: it never sends to itself, whatever is allowed.
    #[error(
        "{address} is a listener of this service, which cannot be allowed; give the address of another server"
    )]
    OwnListener {
        /// The address and port.
        address: SocketAddr,
    },
}

impl AddressPolicy {
    /// A policy that exempts `allowed_networks` from the list of special purposes, and never
    /// allows `own_listeners`. An IPv4 network also allows its mapped and NAT64 forms.
    #[must_use]
    pub fn new(allowed_networks: Vec<IpNet>, own_listeners: Vec<SocketAddr>) -> Self {
        Self { allowed_networks, own_listeners }
    }

    /// Whether `address` may be connected to.
    ///
    /// # Errors
    /// [`ForbiddenAddress`] says why not.
    pub fn check(&self, address: SocketAddr) -> Result<(), ForbiddenAddress> {
        let ip = unwrapped(address.ip());
        self.check_own_listeners(address, ip.is_loopback() || ip.is_unspecified())?;
        if self.allowed_networks.iter().any(|network| network.contains(&ip)) {
            return Ok(());
        }
        match special_purpose(ip) {
            None => Ok(()),
            Some((network, purpose)) => {
                Err(ForbiddenAddress::SpecialPurpose { address: ip, purpose, network })
            }
        }
    }

    /// Whether a connection that was made may be used: its peer is checked again, and a peer that
    /// shares its address with `local` is this machine, where only the port tells whether a
    /// listener on all addresses is the service's own.
    ///
    /// # Errors
    /// [`ForbiddenAddress`] says why not.
    pub fn check_connection(
        &self,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<(), ForbiddenAddress> {
        self.check(peer)?;
        self.check_own_listeners(peer, unwrapped(local.ip()) == unwrapped(peer.ip()))
    }

    fn check_own_listeners(
        &self,
        address: SocketAddr,
        is_this_machine: bool,
    ) -> Result<(), ForbiddenAddress> {
        let ip = unwrapped(address.ip());
        let listens_there = |listener: &SocketAddr| {
            let own = unwrapped(listener.ip());
            let reaches = own == ip
                || (own.is_unspecified() && is_this_machine)
                // Connecting to "any" address reaches the loopback listeners.
                || (own.is_loopback() && ip.is_unspecified());
            reaches && listener.port() == address.port()
        };
        if self.own_listeners.iter().any(listens_there) {
            return Err(ForbiddenAddress::OwnListener { address });
        }
        Ok(())
    }
}

/// The IPv4 address inside an IPv4-mapped (RFC 4291, section 2.5.5.2) or NAT64 (RFC 6052) address:
/// that is where the packets would go.
fn unwrapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let [.., a, b, c, d] = v6.octets();
    if v6.to_ipv4_mapped().is_some() || NAT64.contains(&v6) {
        return Ipv4Addr::new(a, b, c, d).into();
    }
    ip
}

/// The network and purpose that forbid the address, if any.
fn special_purpose(ip: IpAddr) -> Option<(IpNet, &'static str)> {
    match ip {
        IpAddr::V4(v4) => SPECIAL_V4
            .iter()
            .find(|(network, _)| network.contains(&v4))
            .map(|&(network, purpose)| (network.into(), purpose)),
        IpAddr::V6(v6) => SPECIAL_V6
            .iter()
            .find(|(network, _)| network.contains(&v6))
            .map(|&(network, purpose)| (network.into(), purpose))
            .or_else(|| {
                let alone = || (ip.into(), "outside the global unicast addresses 2000::/3");
                (!GLOBAL_UNICAST.contains(&v6)).then(alone)
            }),
    }
}

/// Where a NAT64 gateway embeds IPv4 addresses (RFC 6052, section 2.1).
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0], 96);
/// All of IPv6 that IANA hands out (RFC 4291, section 2.4, and its registry).
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0], 3);

/// IANA IPv4 Special-Purpose Address Registry, multicast, and Azure's metadata service.
const SPECIAL_V4: [(Ipv4Net, &str); 19] = [
    (v4([0, 0, 0, 0], 8), "an address of \"this network\""),
    (v4([10, 0, 0, 0], 8), "private"),
    (v4([100, 64, 0, 0], 10), "shared address space of a provider"),
    (v4([127, 0, 0, 0], 8), "loopback"),
    (v4([168, 63, 129, 16], 32), "a metadata service of a cloud"),
    (v4([169, 254, 0, 0], 16), "link-local, where clouds have their metadata services"),
    (v4([172, 16, 0, 0], 12), "private"),
    (v4([192, 0, 0, 0], 24), "reserved for protocols"),
    (v4([192, 0, 2, 0], 24), "reserved for documentation"),
    (v4([192, 31, 196, 0], 24), "reserved for AS112 servers"),
    (v4([192, 52, 193, 0], 24), "reserved for AMT relays"),
    (v4([192, 88, 99, 0], 24), "a 6to4 relay"),
    (v4([192, 168, 0, 0], 16), "private"),
    (v4([192, 175, 48, 0], 24), "reserved for AS112 servers"),
    (v4([198, 18, 0, 0], 15), "reserved for benchmarks"),
    (v4([198, 51, 100, 0], 24), "reserved for documentation"),
    (v4([203, 0, 113, 0], 24), "reserved for documentation"),
    (v4([224, 0, 0, 0], 4), "multicast"),
    (v4([240, 0, 0, 0], 4), "reserved"),
];

/// IANA IPv6 Special-Purpose Address Registry, and what a person would look for by name although
/// it lies outside [`GLOBAL_UNICAST`] anyway.
const SPECIAL_V6: [(Ipv6Net, &str); 15] = [
    (v6([0, 0, 0, 0], 128), "the unspecified address"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (v6([0x64, 0xff9b, 1, 0], 48), "reserved for local NAT64"),
    (v6([0x100, 0, 0, 0], 64), "discard-only"),
    (v6([0x100, 0, 0, 1], 64), "a dummy prefix"),
    (v6([0x2001, 0, 0, 0], 23), "reserved for protocols"),
    (v6([0x2001, 0xdb8, 0, 0], 32), "reserved for documentation"),
    (v6([0x2002, 0, 0, 0], 16), "6to4, which embeds an IPv4 address"),
    (v6([0x2620, 0x4f, 0x8000, 0], 48), "reserved for AS112 servers"),
    (v6([0x3fff, 0, 0, 0], 20), "reserved for documentation"),
    (v6([0x5f00, 0, 0, 0], 16), "reserved for segment routing"),
    (v6([0xfc00, 0, 0, 0], 7), "private"),
    (v6([0xfe80, 0, 0, 0], 10), "link-local"),
    (v6([0xfec0, 0, 0, 0], 10), "site-local"),
    (v6([0xff00, 0, 0, 0], 8), "multicast"),
];

const fn v4([a, b, c, d]: [u8; 4], prefix_bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_bits)
}

const fn v6([a, b, c, d]: [u16; 4], prefix_bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), prefix_bits)
}

#[cfg(test)]
pub(crate) mod tests;
