"""A visitor without a browser: keeps cookies, finds the form token, follows nothing by itself."""

from __future__ import annotations

import html
import http.client
import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from tests.web.served import PASSWORD


@dataclass(frozen=True)
class Answer:
    """What came back; ``headers`` with lower-case names."""

    status: int
    headers: dict[str, str]
    text: str
    cookies: tuple[str, ...] = ()

    @property
    def to(self) -> str:
        """Where it leads."""
        return self.headers.get("location", "")


@dataclass
class Visitor:
    """Somebody at a page, by plain HTTP."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    lang: str = "en"

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        sent = {"Host": parts.netloc, "Accept-Language": self.lang} | headers
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        try:
            connection.request(method, path, body=body, headers=sent)
            got = connection.getresponse()
            given = got.headers.get_all("set-cookie") or []
            for line in given:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value.strip('"')
            text = got.read().decode("utf-8", "replace")
            names = {k.lower(): v for k, v in got.getheaders()}
            return Answer(got.status, names, text, tuple(given))
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """A page."""
        return self.ask("GET", path, **headers)

    def token(self, page: str = "/sign-in") -> str:
        """The form token of a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)
        assert found, page
        return html.unescape(found[1])

    def post(self, path: str, page: str = "/account", **fields: str) -> Answer:
        """Send a form as the page would."""
        return self.send(path, {"csrf": self.token(page)} | fields)

    def send(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Send exactly these fields."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields).encode(), **(kind | headers))

    def upload(self, files: dict[str, bytes], **fields: str) -> Answer:
        """Send files as the page's form would."""
        mark = uuid.uuid4().hex
        body = b""
        for name, value in ({"csrf": self.token("/add")} | fields).items():
            body += f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            body += value.encode() + b"\r\n"
        for name, data in files.items():
            body += (
                f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ).encode()
            body += data + b"\r\n"
        body += f"--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        return self.ask("POST", "/add", body, **{"Content-Type": kind})

    def sign_in(self, name: str, password: str = PASSWORD) -> Visitor:
        """Through the form."""
        answer = self.post("/sign-in", "/sign-in", name=name, password=password)
        assert answer.status == 303, answer.text
        return self

    def done(self, answer: Answer) -> Answer:
        """Wait for the job an answer leads to; the page it leads to in the end."""
        assert answer.status == 303, answer.text
        path = answer.to
        for _ in range(200):
            got = self.get(path)
            if got.status == 303:
                return self.get(got.to)
            if got.status != 200:
                return got
            self.get(f"{path.partition('?')[0]}/state")
        raise AssertionError(path)
