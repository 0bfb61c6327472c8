"""Where nothing is ever sent to."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from pytest_django import Settings

from audit.errors import Refusal
from payments.webhooks.addresses import Target, read_target
from payments.webhooks.sending import post
from tests.payments.webhooks.receiver import Receiver

REFUSED = [
    # What is no address of the web.
    ("", "url_invalid"),
    ("shop.example/hooks", "url_scheme"),
    ("ftp://shop.example/", "url_scheme"),
    ("file:///etc/passwd", "url_scheme"),
    ("gopher://shop.example/", "url_scheme"),
    ("javascript:alert(1)", "url_scheme"),
    ("https://", "url_host"),
    ("https://shop.example/ hooks", "url_invalid"),
    ("https://shop.example/\nhooks", "url_invalid"),
    ("https://shop.example\\@evil.example/", "url_invalid"),
    ("https://shop.example/" + "a" * 500, "url_invalid"),
    ("https://shop.example/h\u00f6ok", "url_invalid"),
    ("https://[::1", "url_invalid"),
    # Plain http, names and passwords, other ports.
    ("http://shop.example/hooks", "url_scheme"),
    ("https://user:word@shop.example/", "url_credentials"),
    ("https://user@shop.example/", "url_credentials"),
    ("https://@shop.example/", "url_credentials"),
    ("https://shop.example/#part", "url_fragment"),
    ("https://shop.example/#", "url_fragment"),
    ("https://shop.example:22/", "url_port"),
    ("https://shop.example:6379/", "url_port"),
    ("https://shop.example:0/", "url_port"),
    ("https://shop.example:99999/", "url_port"),
    ("https://shop.example:443x/", "url_port"),
    # Names that nobody outside knows, or that are none.
    ("https://intranet/", "url_host"),
    ("https://-shop.example/", "url_host"),
    ("https://shop..example/", "url_host"),
    ("https://sh%6fp.example/", "url_host"),
    ("https://shop_1.example/", "url_host"),
    ("https://" + "a" * 64 + ".example/", "url_host"),
    # Addresses of our own.
    ("https://localhost/", "url_private"),
    ("https://LOCALHOST./", "url_private"),
    ("https://127.0.0.1/", "url_private"),
    ("https://127.8.8.8/", "url_private"),
    ("https://127.0.0.1./", "url_private"),
    ("https://10.0.0.1/", "url_private"),
    ("https://172.16.0.1/", "url_private"),
    ("https://192.168.1.1/", "url_private"),
    ("https://169.254.169.254/latest/meta-data/", "url_private"),
    ("https://100.100.100.200/", "url_private"),
    ("https://0.0.0.0/", "url_private"),
    ("https://255.255.255.255/", "url_private"),
    ("https://224.0.0.1/", "url_private"),
    ("https://198.18.0.1/", "url_private"),
    ("https://192.0.2.1/", "url_private"),
    ("https://[::1]/", "url_private"),
    ("https://[::]/", "url_private"),
    ("https://[::ffff:10.0.0.1]/", "url_private"),
    ("https://[::ffff:a9fe:a9fe]/", "url_private"),
    ("https://[::ffff:127.0.0.1]/", "url_private"),
    ("https://[::127.0.0.1]/", "url_private"),
    ("https://[64:ff9b::10.0.0.1]/", "url_private"),
    ("https://[64:ff9b:1::a00:1]/", "url_private"),
    ("https://[2002:a00:1::]/", "url_private"),
    ("https://[2001:0:53aa:64c::]/", "url_private"),
    ("https://[fd00:ec2::254]/", "url_private"),
    ("https://[fe80::1]/", "url_private"),
    ("https://[fe80::1%25eth0]/", "url_private"),
    ("https://[fec0::1]/", "url_private"),
    ("https://[ff02::1]/", "url_private"),
    ("https://[2001:db8::1]/", "url_private"),
    # The same in other spellings: decimal, octal, hexadecimal, short, wide digits.
    ("https://2130706433/", "url_host"),
    ("https://0x7f000001/", "url_host"),
    ("https://0x7f.0.0.1/", "url_host"),
    ("https://0177.0.0.1/", "url_host"),
    ("https://127.1/", "url_host"),
    ("https://10.1/", "url_host"),
    ("https://127.0.0.0x1/", "url_host"),
    ("https://shop.example.0x/", "url_host"),
    ("https://\uff11\uff12\uff17.0.0.1/", "url_private"),
    ("https://\u2460\u2461\u2466.0.0.1/", "url_private"),
    ("https://127\u30020\u30020\u30021/", "url_private"),
]


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = False


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_an_address_that_is_not_a_public_one_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_target(url)
    assert refused.value.code == code
    assert refused.value.details["field"] == "url"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://shop.example/hooks?a=1", Target("https", "shop.example", 443, "/hooks?a=1")),
        ("HTTPS://Shop.Example.", Target("https", "shop.example", 443, "/")),
        ("https://shop.example:8443/", Target("https", "shop.example", 8443, "/")),
        ("https://b\u00fccher.example/", Target("https", "xn--bcher-kva.example", 443, "/")),
        ("https://8.8.8.8/", Target("https", "8.8.8.8", 443, "/")),
        ("https://[2606:4700::1111]/", Target("https", "2606:4700::1111", 443, "/")),
    ],
)
def test_a_public_address_is_taken_apart(url: str, target: Target) -> None:
    assert read_target(url) == target


def test_the_host_is_named_as_the_receiver_knows_it() -> None:
    assert read_target("https://Shop.Example:8443/").authority == "shop.example:8443"
    assert read_target("https://[2606:4700::1111]/").authority == "[2606:4700::1111]"


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/hooks", "http://127.0.0.1:1/", "https://[::1]:5/"]
)
def test_where_the_settings_allow_it_our_own_machine_may_be_called(
    url: str, settings: Settings
) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = True
    assert read_target(url).path in ("/", "/hooks")
    with pytest.raises(Refusal):
        read_target("http://10.0.0.1:8000/")


def _resolving(*addresses: str) -> Any:
    def resolve(_host: str, port: int, **_more: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port),
            )
            for one in addresses
        ]

    return resolve


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a9fe:a9fe"],
        ["fe80::1%1"],
        ["93.184.216.34", "10.0.0.1"],
        ["::1", "93.184.216.34"],
    ],
)
def test_a_name_that_leads_inside_is_not_called(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: Any) -> Any:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket, "getaddrinfo", _resolving(*addresses))
    monkeypatch.setattr(socket, "create_connection", connect)
    assert post("https://shop.example/", b"{}", {}, 1).outcome == "forbidden"


def test_a_name_is_resolved_once_and_the_connection_made_to_what_was_checked(
    shop: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its mind between the look and the call (DNS rebinding) gains nothing."""
    settings.WEBHOOKS_ALLOW_LOOPBACK = True
    port = int(shop.url.rpartition(":")[2].partition("/")[0])
    asked: list[str] = []
    reached: list[Any] = []
    connect = socket.create_connection

    def resolve(host: str, _port: int, **_more: Any) -> list[Any]:
        asked.append(host)
        found: list[Any] = _resolving("127.0.0.1" if len(asked) == 1 else "10.0.0.1")(host, port)
        return found

    def note(address: Any, *more: Any) -> socket.socket:
        reached.append(address)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", original)
            return connect(address, *more)

    original = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", note)
    answer = post(f"http://localhost:{port}/hooks", b"{}", {}, 5)
    assert (answer.outcome, answer.code) == ("delivered", 200)
    assert asked == ["localhost"]
    assert reached == [("127.0.0.1", port)]
    assert shop.received[0].headers["host"] == f"localhost:{port}"


def test_no_proxy_of_the_environment_is_used(
    shop: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = True
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(shop.url, b"{}", {}, 5).code == 200


def test_a_name_that_nobody_knows_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = post("https://shop.example/", b"{}", {}, 1)
    assert (answer.outcome, answer.detail) == ("unreachable", "the name is not known")
