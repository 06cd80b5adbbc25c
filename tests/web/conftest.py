"""One served page and one Chromium per module; without a Chromium the browser's tests skip."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web.client import Visitor
from tests.web.served import PASSWORD, Served, serving

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE_MS = 40_000  # a busy machine is no fault of the page
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A page of this test's own."""
    with serving(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page for a whole module, looked after by ann (admin), rob (reviewer) and eve (editor)."""
    with serving(tmp_path_factory.mktemp("page")) as found:
        found.settle("ann", "admin")
        found.settle("rob", "reviewer", who="ann")
        found.settle("eve", "editor", who="ann")
        yield found


@pytest.fixture(scope="module")
def ann(shared: Served) -> Visitor:
    """The admin, signed in."""
    return Visitor(shared.url).sign_in("ann")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The machine's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on this machine: .ci/run installs it with apt-get")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


class Desk:
    """People at browsers of their own; what a page complains about on its console is kept."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self.browser = browser
        self.served = served
        self.complaints: list[str] = []

    def page(self, **options: object) -> Page:
        """A fresh browser profile."""
        page = self.browser.new_context(base_url=self.served.url, **options).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: m.type == "error" and self.complaints.append(m.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        return page

    def signed_in(self, name: str, **options: object) -> Page:
        """Somebody who came through the form."""
        page = self.page(**options)
        page.goto("/sign-in")
        page.locator("#f-name").fill(name)
        page.locator("#f-password").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/")
        return page


@pytest.fixture(scope="module")
def desk(browser: Browser, shared: Served) -> Iterator[Desk]:
    """Browsers at the module's page; none may have complained by the end."""
    found = Desk(browser, shared)
    yield found
    for context in browser.contexts:
        context.close()
    assert not found.complaints
