use super::*;

/// Each range: the address before it, its first, its last, the one after it. `-` where there is
/// none, or where a neighbouring range forbids it too.
pub const FORBIDDEN: [[&str; 4]; 33] = [
    ["-", "0.0.0.0", "0.255.255.255", "1.0.0.0"],
    ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"],
    ["100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"],
    ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"],
    ["168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"],
    ["169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"],
    ["172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"],
    ["191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"],
    ["192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"],
    ["192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"],
    ["192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"],
    ["192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"],
    ["192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"],
    ["192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"],
    ["198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"],
    ["198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"],
    ["203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"],
    ["223.255.255.255", "224.0.0.0", "239.255.255.255", "-"],
    ["-", "240.0.0.0", "255.255.255.255", "-"],
    ["-", "::", "::fffe:ffff:ffff", "-"],
    ["-", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "-"],
    ["-", "64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", "-"],
    ["-", "100::", "100::1:ffff:ffff:ffff:ffff", "-"],
    ["-", "65::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"],
    [
        "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:200::",
    ],
    [
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
    ],
    [
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2003::",
    ],
    [
        "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff",
        "2620:4f:8000::",
        "2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
        "2620:4f:8001::",
    ],
    [
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
    ],
    [
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::",
        "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "-",
    ],
    ["-", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"],
    ["-", "fe80::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"],
    ["-", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "-"],
];

fn policy(allowed_networks: &[&str], own_listeners: &[&str]) -> AddressPolicy {
    AddressPolicy::new(
        allowed_networks.iter().map(|network| network.parse().unwrap()).collect(),
        own_listeners.iter().map(|listener| listener.parse().unwrap()).collect(),
    )
}

fn check(policy: &AddressPolicy, ip: &str) -> Result<(), ForbiddenAddress> {
    policy.check(SocketAddr::new(ip.parse().unwrap(), 443))
}

#[test]
fn each_range_is_forbidden_from_its_first_to_its_last_address_and_not_beyond() {
    let policy = AddressPolicy::default();
    for [before, first, last, after] in FORBIDDEN {
        for ip in [first, last] {
            assert!(check(&policy, ip).is_err(), "{ip} is forbidden");
        }
        for ip in [before, after].into_iter().filter(|ip| *ip != "-") {
            assert_eq!(check(&policy, ip), Ok(()), "{ip} is allowed");
        }
    }
}

#[test]
fn an_ipv4_address_inside_an_ipv6_address_is_judged_as_itself() {
    let policy = AddressPolicy::default();
    for [before, first, last, after] in FORBIDDEN.into_iter().filter(|row| row[1].contains('.')) {
        for prefix in ["::ffff:", "64:ff9b::"] {
            for ip in [first, last] {
                assert!(check(&policy, &format!("{prefix}{ip}")).is_err(), "{prefix}{ip}");
            }
            for ip in [before, after].into_iter().filter(|ip| *ip != "-") {
                assert_eq!(check(&policy, &format!("{prefix}{ip}")), Ok(()), "{prefix}{ip}");
            }
        }
    }
    // Neither the deprecated "compatible" form (RFC 4291, 2.5.5.1) nor 6to4 is a way round.
    for ip in ["::127.0.0.1", "::8.8.8.8", "2002:7f00:1::", "2002:808:808::"] {
        assert!(check(&policy, ip).is_err(), "{ip}");
    }
}

#[test]
fn public_addresses_are_allowed() {
    let policy = AddressPolicy::default();
    for ip in ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001:82a::200e"]
    {
        assert_eq!(check(&policy, ip), Ok(()), "{ip}");
    }
}

#[test]
fn an_allowed_network_is_exempt_also_in_its_mapped_and_nat64_forms() {
    let policy = policy(&["127.0.0.0/8", "10.1.0.0/16", "fd00:1::/32", "::1/128"], &[]);
    for ip in
        ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.9.9.9", "10.1.255.255", "fd00:1::5", "::1"]
    {
        assert_eq!(check(&policy, ip), Ok(()), "{ip}");
    }
    for ip in ["10.2.0.0", "::ffff:10.2.0.0", "169.254.169.254", "fd00:2::", "::", "::2"] {
        assert!(check(&policy, ip).is_err(), "{ip}");
    }
}

#[test]
fn allowing_all_of_ipv6_does_not_allow_ipv4_behind_it() {
    let policy = policy(&["::/0"], &[]);
    assert_eq!(check(&policy, "fe80::1"), Ok(()));
    assert!(check(&policy, "::ffff:127.0.0.1").is_err());
    assert!(check(&policy, "64:ff9b::169.254.169.254").is_err());
}

#[test]
fn the_own_listeners_are_refused_even_where_their_network_is_allowed() {
    let policy = policy(
        &["0.0.0.0/0", "::/0"],
        &["127.0.0.1:50051", "0.0.0.0:9090", "[::]:8443", "8.8.8.8:1"],
    );
    for own in [
        "127.0.0.1:50051",
        "[::ffff:127.0.0.1]:50051",
        "0.0.0.0:50051",
        "[::]:50051",
        "127.0.0.1:9090",
        "127.8.8.8:9090",
        "0.0.0.0:9090",
        "[::1]:9090",
        "[::]:9090",
        "127.0.0.1:8443",
        "[::1]:8443",
        "8.8.8.8:1",
        "[64:ff9b::8.8.8.8]:1",
    ] {
        let address = own.parse().unwrap();
        assert_eq!(policy.check(address), Err(ForbiddenAddress::OwnListener { address }));
    }
    for other in ["127.0.0.1:50052", "127.0.0.2:50051", "10.0.0.1:9090", "8.8.8.8:2", "8.8.4.4:1"] {
        assert_eq!(policy.check(other.parse().unwrap()), Ok(()), "{other}");
    }
}

#[test]
fn a_peer_on_this_machine_is_refused_at_the_port_of_a_listener_on_all_addresses() {
    let policy = policy(&["10.0.0.0/8"], &["0.0.0.0:9090"]);
    let check = |local: &str, peer: &str| {
        policy.check_connection(local.parse().unwrap(), peer.parse().unwrap())
    };
    assert!(check("10.0.0.5:40000", "10.0.0.5:9090").is_err());
    assert_eq!(check("10.0.0.5:40000", "10.0.0.5:9091"), Ok(()));
    assert_eq!(check("10.0.0.5:40000", "10.0.0.6:9090"), Ok(()));
    assert!(check("10.0.0.5:40000", "127.0.0.1:80").is_err());
}

#[test]
fn the_error_says_what_to_do() {
    let text = |ip: &str| check(&AddressPolicy::default(), ip).unwrap_err().to_string();
    assert_eq!(
        text("::ffff:127.0.0.1"),
        "127.0.0.1 is loopback; start the service with --allow-network 127.0.0.0/8 to allow it"
    );
    assert_eq!(
        text("4000::1"),
        "4000::1 is outside the global unicast addresses 2000::/3; start the service with \
         --allow-network 4000::1/128 to allow it"
    );
    let own = policy(&[], &["127.0.0.1:9090"]).check("127.0.0.1:9090".parse().unwrap());
    assert_eq!(
        own.unwrap_err().to_string(),
        "127.0.0.1:9090 is a listener of this service, which cannot be allowed; give the address \
         of another server"
    );
}
