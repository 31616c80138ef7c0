"""Which addresses belong to the public internet, and to nobody's own network."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")
"""IPv4 in the last 32 bits: https://www.rfc-editor.org/rfc/rfc6052."""

_TRANSLATED: Final = tuple(
    map(
        IPv6Network,
        (
            "::/96",  # IPv4-compatible, with ::1 and the unspecified address
            "64:ff9b:1::/48",  # local NAT64: https://www.rfc-editor.org/rfc/rfc8215
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
        ),
    )
)
"""Other ways to put an IPv4 address into one of IPv6; nothing on the public internet needs them."""


def is_public(address: str) -> bool:
    """Return whether `address` is a public one, in whatever form it is written.

    Not public are loopback, private, link-local, shared (CGNAT), multicast, reserved and unspecified ones, see
    https://www.iana.org/assignments/iana-ipv4-special-registry/, and IPv6 forms of those.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        inner = _within(ip)
        if inner is None:
            return not any(ip in network for network in _TRANSLATED) and _is_global(ip)
        ip = inner
    return _is_global(ip)


def _within(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that `ip` stands for, where it may."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None


def _is_global(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)
