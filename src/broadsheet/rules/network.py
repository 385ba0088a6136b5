"""The network of a client, by which its requests, connections and votes are counted."""

from ipaddress import IPv4Address, IPv6Address, ip_address


def network(address: str, ipv4_bits: int = 32, ipv6_bits: int = 64) -> str:
    """Return the first address of a client's network; a text that is no address is returned as is.

    A household is assigned a whole /64 of IPv6, so a client can choose any address in it.

    Parameters
    ----------
    address : str
        The client's address.
    ipv4_bits, ipv6_bits : int
        Length of the prefix: whoever has a site or a tunnel has a /48, which is 65,536 networks.

    Examples
    --------
    >>> network("2001:db8:0:7::1:2"), network("2001:db8:0:7::1:2", ipv6_bits=48)
    ('2001:db8:0:7::', '2001:db8::')
    >>> network("::ffff:192.0.2.7"), network("192.0.2.7", ipv4_bits=24)
    ('192.0.2.7', '192.0.2.0')
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        free_bits = 128 - ipv6_bits
        return str(IPv6Address(int(parsed) >> free_bits << free_bits))
    ipv4 = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else parsed
    free_bits = 32 - ipv4_bits
    return str(IPv4Address(int(ipv4 or 0) >> free_bits << free_bits))
