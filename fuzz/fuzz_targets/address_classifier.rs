//! Whatever address: what the standard library calls special is forbidden, and an IPv4 address is
//! judged alike in all its forms.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bookora_webhooks::domain::address::AddressPolicy;
use libfuzzer_sys::fuzz_target;

fn allowed(ip: IpAddr, port: u16) -> bool {
    let checked = AddressPolicy::default().check(SocketAddr::new(ip, port));
    if let Err(forbidden) = &checked {
        assert!(forbidden.to_string().contains("--allow-network"));
    }
    checked.is_ok()
}

fuzz_target!(|input: ([u8; 16], u16, u8)| {
    let (octets, port, prefix_bits) = input;
    let v6 = Ipv6Addr::from(octets);
    let v4 = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);

    let v4_is_allowed = allowed(v4.into(), port);
    let is_special = v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_unspecified();
    assert!(!(is_special && v4_is_allowed), "{v4}");
    let nat64 = Ipv6Addr::from(0x64_ff9b_u128 << 96 | u128::from(u32::from(v4)));
    for form in [v4.to_ipv6_mapped(), nat64] {
        assert_eq!(allowed(form.into(), port), v4_is_allowed, "{form}");
    }

    let is_special = v6.is_loopback()
        || v6.is_multicast()
        || v6.is_unspecified()
        || v6.is_unique_local()
        || v6.is_unicast_link_local();
    let v6_is_allowed = allowed(v6.into(), port);
    assert!(!(is_special && v6_is_allowed), "{v6}");
    let embeds = v6.to_ipv4_mapped().is_some() || v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    assert!(!v6_is_allowed || embeds || v6.segments()[0] >> 13 == 1, "{v6} is outside 2000::/3");

    // A network that is allowed, and a listener that never is.
    let network = ipnet::Ipv6Net::new(v6, prefix_bits % 129).expect("a prefix");
    let own = SocketAddr::new(v6.into(), port);
    let open = AddressPolicy::new(vec![network.into()], Vec::new());
    assert!(embeds || open.check(own).is_ok(), "{network} allows {v6}");
    let guarded = AddressPolicy::new(vec![network.into()], vec![own]);
    assert!(guarded.check(own).is_err(), "{own} is an own listener");
});
