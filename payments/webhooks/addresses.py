"""Where we may send to: the guard against being made to call what only we can reach.

An address is looked at twice. When it is given: what it may look like at all. And at each try,
after its name was resolved: every IP address it has must be a public one, and the connection is
made to exactly the address that was looked at, so that a name which changes its mind in between
(DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from payments.webhooks.errors import address_refused

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST = 500
_NETWORKS = (
    "0.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "240.0.0.0/4",
    "::/96",
    # Addresses with an IPv4 address inside: NAT64, 6to4, Teredo. What is inside may be ours.
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2002::/16",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
)
NEVER = tuple(ipaddress.ip_network(text) for text in _NETWORKS)
"""What `ipaddress` calls global in one of its versions, or cannot know to lead back to us."""
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: `host` is in ASCII, without a dot at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.is_tls else 80
        return host if self.port == usual else f"{host}:{self.port}"


def read_target(url: str) -> Target:
    """An address as we may call it. Raises Refusal (`url_…`) for any other; asks no name server.

    Plain http goes to our own machine only, and only where the settings allow that at all.
    """
    parts = _split(url)
    host = _read_host(parts)
    target = Target(
        scheme=parts.scheme.lower(),
        host=host,
        port=_read_port(parts),
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )
    is_ours = _is_loopback_name(host)
    if is_ours and not settings.WEBHOOKS_ALLOW_LOOPBACK:
        raise address_refused("private", _("This address is not a public one."))
    if target.scheme != "https" and not is_ours:
        raise address_refused("scheme", _("The address must begin with https://."))
    if target.port not in settings.WEBHOOKS_PORTS and not is_ours:
        raise address_refused("port", _("This port is not allowed."))
    return target


def _split(url: str) -> SplitResult:
    if not url or len(url) > MOST or not url.isprintable() or any(sign in url for sign in " \\"):
        raise address_refused("invalid", _("This is not an address of the web."))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise address_refused("invalid", _("This is not an address of the web.")) from None
    if parts.scheme.lower() not in ("http", "https"):
        raise address_refused("scheme", _("The address must begin with https://."))
    if not url.isascii() and not (parts.path + parts.query).isascii():
        raise address_refused("invalid", _("This is not an address of the web."))
    if "@" in parts.netloc:
        raise address_refused("credentials", _("An address must not hold a name or a password."))
    if parts.fragment or url.endswith("#"):
        raise address_refused("fragment", _("Leave out what follows the #."))
    return parts


def _read_port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise address_refused("port", _("This port is not allowed.")) from None
    if port is None:
        return 443 if parts.scheme.lower() == "https" else 80
    return port


def _read_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        return str(_check_literal(host))
    try:
        plain = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise address_refused("host", _("This is not the name of a host.")) from None
    labels = plain.split(".")
    if not plain or len(plain) > 253 or not all(_LABEL.fullmatch(one) for one in labels):
        raise address_refused("host", _("This is not the name of a host."))
    if _NUMBER.fullmatch(labels[-1]):
        # Whatever ends in a number is an IPv4 address to some, in spellings without number:
        # decimal, octal, hexadecimal, short. Only the usual one is read the same by everybody.
        return str(_check_literal(plain))
    if len(labels) == 1 and not _is_loopback_name(plain):
        raise address_refused("host", _("This is not the name of a host."))
    return plain


def _check_literal(text: str) -> IP:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise address_refused("host", _("This is not the name of a host.")) from None
    if not is_allowed(address):
        raise address_refused("private", _("This address is not a public one."))
    return address


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(address: IP) -> bool:
    """Whether a connection may be made to this address: a public one, reachable by everybody.

    Loopback only where `WEBHOOKS_ALLOW_LOOPBACK` says so (the demo, the tests).
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
    if address.is_loopback:
        return bool(settings.WEBHOOKS_ALLOW_LOOPBACK)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not any(address in network for network in NEVER if network.version == address.version)
    )
