"""Which internet addresses may be asked: public ones of hosts that an operator has allowed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from rag.ingest.errors import AddressError, HostNotAllowedError

HOSTS_SETTING = "SALUS_KB_HOSTS"  # what a refusal tells the operator to set
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL = tuple(
    ipaddress.ip_network(net)
    for net in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
                "::/96", "64:ff9b:1::/48", "fec0::/10", "2001::/23", "5f00::/16")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked address: ``host`` in lower case without brackets, and where it leads."""

    url: str
    scheme: str
    host: str
    port: int


def is_public(text: str) -> bool:
    """Whether an IP address, IPv4 hidden in IPv6 included, is a public unicast one."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_is_public(one) for one in _meant(address))


def parse(url: str, hosts: Iterable[str]) -> Target:
    """The target of an address; raises AddressError or HostNotAllowedError.

    ``hosts``: "who.int" allows that host on the usual ports, "*.nih.gov" every host below,
    "wiki.example:8443" that port.
    """
    if len(url) > 2000 or any(ord(ch) <= 32 or ch == "\\" for ch in url):
        raise AddressError
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise AddressError from error
    if parts.scheme not in ("https", "http") or parts.username or parts.password:
        raise AddressError
    if not _is_host(host):
        raise AddressError
    usual = port == (443 if parts.scheme == "https" else 80)
    if not any(_allows(entry, host, port, usual=usual) for entry in hosts):
        raise HostNotAllowedError(host=host, setting=HOSTS_SETTING)
    return Target(url=url, scheme=parts.scheme, host=host, port=port)


def _is_host(host: str) -> bool:
    """A name, or an IP address in its usual form: 2130706433, 0x7f.1 and 127.1 are neither."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        last = host.rpartition(".")[2]
        numeric = last.isdigit() or last.startswith("0x")
        return bool(_NAME.fullmatch(host)) and not numeric
    return True


def _allows(entry: str, host: str, port: int, *, usual: bool) -> bool:
    name, _, own_port = entry.strip().lower().rpartition(":")
    if not own_port.isdigit() or (":" in name and not name.startswith("[")):
        name, own_port = entry.strip().lower(), ""
    name = name.strip("[]").rstrip(".")
    if own_port and int(own_port) != port:
        return False
    if not own_port and not usual:
        return False
    if name.startswith("*."):
        return host.endswith(name[1:]) and len(host) > len(name) - 1
    return bool(name) and host == name


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address.version == net.version and address in net for net in _SPECIAL)


def _meant(address: Address) -> Iterator[Address]:
    """The address and the IPv4 addresses that it stands for on the way (mapped, 6to4, …)."""
    if not isinstance(address, ipaddress.IPv6Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
