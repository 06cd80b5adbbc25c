"""Web addresses: only allowed hosts, only public networks, whatever a server tries."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.importer import ImportOptions, gather
from rag.ingest.address import HOSTS_SETTING, is_public, parse
from rag.ingest.errors import (
    AddressError,
    ContentTypeError,
    FetchError,
    FetchTimeoutError,
    HostNotAllowedError,
    IngestError,
    PrivateAddressError,
    RedirectError,
    TooBigError,
)
from rag.ingest.fetch import FetchPolicy, fetch, system_addresses

PAGE = b"<html><title>Gout</title><body><h1>Gout</h1><p>Gout is a kind of arthritis.</p></body>"
SITE = "site.example"


class Handler(BaseHTTPRequestHandler):
    """Serves what a path asks for; remembers the headers of the last request."""

    seen: ClassVar[list[dict[str, str]]] = []
    pages: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]] = {
        "/gout": (200, {"Content-Type": "text/html; charset=utf-8"}, PAGE),
        "/a.md": (200, {"Content-Type": "text/plain"}, b"# Sleep\n\nAdults need sleep.\n"),
        "/a.bin": (200, {"Content-Type": "application/octet-stream"}, b"x"),
        "/none": (200, {}, b"x"),
        "/exe": (200, {"Content-Type": "application/x-msdownload"}, b"MZ"),
        "/gone": (404, {}, b""),
        "/loop": (302, {"Location": "/loop"}, b""),
        "/nowhere": (301, {}, b""),
        "/here": (307, {"Location": "/gout"}, b""),
        "/cookie": (302, {"Location": "/gout", "Set-Cookie": "a=b"}, b""),
        "/inside": (302, {"Location": "http://127.0.0.1/secret"}, b""),
        "/sideways": (302, {"Location": "http://inner.example/secret"}, b""),
        "/file": (302, {"Location": "file:///etc/passwd"}, b""),
        "/big": (200, {"Content-Type": "text/plain"}, b"x" * 3000),
        "/swell": (
            200,
            {"Content-Type": "text/plain", "Content-Encoding": "gzip"},
            gzip.compress(b"x" * 1_000_000),
        ),
        "/slow": (200, {"Content-Type": "text/plain"}, b"slow"),
        "/broken": (200, {"Content-Type": "text/plain", "Content-Length": "999"}, b"x"),
    }

    def do_GET(self) -> None:
        """Answer."""
        self.seen.append(dict(self.headers))
        status, headers, body = self.pages[self.path.partition("?")[0]]
        if self.path == "/slow":
            threading.Event().wait(0.5)
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing when a reader has heard enough and leaves."""

    def handle_error(self, *_: object) -> None:
        """The tests look at the reader's side."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A web server on the loopback."""
    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


class Net:
    """site.example lies on the loopback and counts as public; all else is as it really is."""

    def __init__(self) -> None:
        self.site = False

    async def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a name; the private network has names of its own."""
        self.site = host == SITE
        known = {
            SITE: ["127.0.0.1"],
            "inner.example": ["10.0.0.1"],
            "both.example": ["93.184.215.14", "169.254.169.254"],
            "no.example": [],
        }
        return known[host] if host in known else await system_addresses(host, port)

    def public(self, address: str) -> bool:
        """The real check, but for site.example."""
        return self.site or is_public(address)


@pytest.fixture
def policy(port: int) -> FetchPolicy:
    """What an operator allows in these tests."""
    net = Net()
    hosts = (f"{SITE}:{port}", "*.example", "127.0.0.1", "[::1]", "localhost")
    return FetchPolicy(
        hosts=hosts, resolve=net.resolve, public=net.public, max_bytes=2000, seconds=5
    )


def test_a_page_of_an_allowed_host_is_fetched(policy: FetchPolicy, port: int) -> None:
    """The body comes with its type, without cookies and with a name for the server's log."""
    Handler.seen.clear()
    got = fetch(f"http://{SITE}:{port}/cookie", policy)
    assert (got.data, got.suffix, got.host) == (PAGE, ".html", SITE)
    assert got.url.endswith("/gout")
    assert len(Handler.seen) == 2
    assert "Cookie" not in Handler.seen[1]
    assert "Salus" in Handler.seen[1]["User-Agent"]
    assert fetch(f"http://{SITE}:{port}/a.md", policy).suffix == ".md"
    assert fetch(f"http://{SITE}:{port}/here", policy).data == PAGE


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/exe", ContentTypeError),
        ("/a.bin", ContentTypeError),
        ("/none", ContentTypeError),
        ("/gone", FetchError),
        ("/loop", RedirectError),
        ("/nowhere", RedirectError),
        ("/inside", PrivateAddressError),
        ("/sideways", PrivateAddressError),
        ("/file", AddressError),
        ("/big", TooBigError),
        ("/swell", TooBigError),
        ("/broken", FetchError),
    ],
)
def test_what_a_server_may_not_do(
    policy: FetchPolicy, port: int, path: str, error: type[IngestError]
) -> None:
    """Wrong types, endless redirects, ways inside, and more than was asked for."""
    with pytest.raises(error):
        fetch(f"http://{SITE}:{port}{path}", policy)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://inner.example/",
        "http://both.example/",
        "http://no.example/",
    ],
)
def test_private_networks_are_never_reached(policy: FetchPolicy, url: str) -> None:
    """Not by number, not by name, and not when one address of several is private."""
    with pytest.raises(PrivateAddressError):
        fetch(url, policy)


def test_a_slow_server_is_left(policy: FetchPolicy, port: int) -> None:
    """The whole exchange has one time limit."""
    with pytest.raises(FetchTimeoutError, match=r"0\.2 s"):
        fetch(f"http://{SITE}:{port}/slow", replace(policy, seconds=0.2))


def test_a_name_that_does_not_resolve(policy: FetchPolicy) -> None:
    """The system's complaint becomes a named error without its text."""

    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(FetchError, match="OSError"):
        fetch("http://a.example/", replace(policy, resolve=resolve))


def test_https_never_becomes_http(policy: FetchPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect may not take the lock off."""

    async def once(target: object, policy: FetchPolicy) -> str:
        return "http://a.example/x"

    monkeypatch.setattr("rag.ingest.fetch._once", once)
    with pytest.raises(RedirectError):
        fetch("https://a.example/", policy)


def test_the_connection_knows_only_the_checked_name(policy: FetchPolicy, port: int) -> None:
    """Whatever the library would ask for, no other name is resolved."""
    from rag.ingest.address import Target
    from rag.ingest.fetch import _session

    async def ask() -> None:
        target = Target(url="", scheme="http", host=SITE, port=port)
        async with _session(target, ["127.0.0.1"]) as session:
            assert await session.connector._resolver.resolve(SITE, 80)
            with pytest.raises(OSError, match="another host"):
                await session.connector._resolver.resolve("else.example", 80)

    asyncio.run(ask())


# --- addresses --------------------------------------------------------------

ANY = ("*.example", "example.org", "wiki.example:8443", "8.8.8.8", "[2606:4700::1111]:444")


@pytest.mark.parametrize(
    "url",
    ["https://a.example/x", "http://example.org", "https://EXAMPLE.org./", "https://8.8.8.8/",
     "https://wiki.example:8443/", "https://[2606:4700::1111]:444/", "https://a.b.example:443"],
)  # fmt: skip
def test_allowed_hosts(url: str) -> None:
    """Exact hosts, hosts below a name, and named ports."""
    assert parse(url, ANY).url == url


@pytest.mark.parametrize(
    "url",
    ["https://example/", "https://other.org/", "https://notexample.org/", "https://example.org:8080/",
     "https://example.org.evil.com/", "https://x.example:8443/", "https://[2606:4700::1111]/"],
)  # fmt: skip
def test_other_hosts_are_refused_by_name(url: str) -> None:
    """The refusal tells which setting allows a host."""
    with pytest.raises(HostNotAllowedError, match=HOSTS_SETTING):
        parse(url, ANY)
    with pytest.raises(HostNotAllowedError):
        parse("https://example.org/", ())
    with pytest.raises(HostNotAllowedError):
        parse("https://example.org/", ("", " "))


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "file:///etc/passwd", "https://", "https://user:pw@example.org/",
     "https://2130706433/", "https://0x7f.0.0.1/", "https://127.1/", "https://0177.0.0.1/",
     "https://exa mple.org/", "https://example.org\\@evil.com/", "https://example.org:99999/",
     "https://[::1/", "https://ex_ample..org/", "javascript:alert(1)", "https://[fe80::1%25eth0]/",
     "https://" + "a" * 3000 + ".org/", "https://\u0131.\u2488/"],
)  # fmt: skip
def test_addresses_in_disguise_are_no_addresses(url: str) -> None:
    """Only plain http(s) addresses with an honest host are looked at any further."""
    with pytest.raises((AddressError, HostNotAllowedError)):
        parse(url, ("example.org", "*.org"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "0.0.0.0",
     "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1",
     "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1",
     "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001:db8::1", "2001:0:7f00:1::", "fec0::1", "", "x",
     "127.1"],
)  # fmt: skip
def test_every_form_of_a_private_address_is_known(address: str) -> None:
    """IPv4, IPv6, and one hidden in the other."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8",
                                     "64:ff9b::808:808"])  # fmt: skip
def test_public_addresses(address: str) -> None:
    """What the whole world can reach."""
    assert is_public(address)


@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text: str) -> None:
    """Every text is a target or a named error; nothing allowed is by accident."""
    for url in (text, f"https://{text}", f"http://{text}.example/"):
        try:
            target = parse(url, ("example.org",))
        except FetchError:
            continue
        assert target.host == "example.org"
    assert is_public(text) in (True, False)


# --- through the importer ---------------------------------------------------


def test_addresses_are_added_like_files(policy: FetchPolicy, port: int, tmp_path: Path) -> None:
    """A page knows where it came from; a bad address is told and the others are read."""
    listed = tmp_path / "sites.urls"
    listed.write_text(
        f"# our sites\nhttp://{SITE}:{port}/gout # a page\n\nhttp://{SITE}:{port}/gone\n"
        f"http://{SITE}:{port}/a.md\nhttp://other.example.net/x\n"
    )
    found = gather([listed], ImportOptions(hosts=policy.hosts), policy=policy)
    page, text = found.records
    assert page.doc == f"{SITE}:{port}/gout"
    assert page.sources[0].organisation == SITE
    assert page.url == f"http://{SITE}:{port}/gout"
    assert text.title == "Sleep"
    assert [f.key for f in found.refused] == ["ingest.fetch", "ingest.host"]
    # A Path swallows one slash of an address.
    again = gather([Path(page.url)], ImportOptions(hosts=policy.hosts), policy=policy)
    assert again.records == (page,)


def test_without_allowed_hosts_nothing_is_fetched(tmp_path: Path) -> None:
    """The refusal names the setting; an empty list is empty."""
    (refused,) = gather([Path("https://who.int/x")]).refused
    assert refused.where == "https://who.int/x"
    assert HOSTS_SETTING in str(refused)
    empty = tmp_path / "e.urls"
    empty.write_text("# nothing\n")
    assert gather([empty]).refused[0].key == "ingest.empty"
