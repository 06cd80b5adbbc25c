"""The admin's walk in a real browser: with the mouse, with the keyboard, in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.web.conftest import Desk
from tests.web.served import PASSWORD

GOUT = "# Gout\n\n## Food\n\nRest the joint and drink enough water.\n"
SOURCE = {"organisation": "WHO", "url": "https://who.int/gout", "date": "2024", "licence": "CC0"}


def add(page: Page, folder: Path, name: str, text: str) -> None:
    """Choose a file, say where it comes from, send it, and see that it is taken."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    page.goto("/add")
    page.locator("#f-files").set_input_files(path)
    for field, value in SOURCE.items():
        page.locator(f"#f-{field}").fill(value)
    page.locator("#add > button[type=submit]").click()
    page.wait_for_url("**/add/result/*")
    expect(page.locator(".verdicts .tag.added")).to_have_count(1)


def test_the_walk_from_upload_to_rollback(desk: Desk, tmp_path: Path) -> None:
    """An editor uploads, a reviewer looks at the words and approves, publishes, goes back."""
    before = desk.served.knowledge.version
    eve = desk.signed_in("eve")
    add(eve, tmp_path, "gout.md", GOUT)
    eve.get_by_role("link", name="See the draft").click()
    expect(eve.get_by_text("the approval of a second person")).to_be_visible()
    expect(eve.get_by_role("button", name="Publish the draft")).to_have_count(0)
    expect(eve.get_by_text("You changed this draft last")).to_be_visible()

    rob = desk.signed_in("rob")
    rob.goto("/draft")
    rob.get_by_role("button", name="Check the draft").click()
    expect(rob.get_by_text("The draft is checked.")).to_be_visible()
    rob.get_by_label("Comment").fill("Reads well")
    rob.get_by_role("button", name="Approve").click()
    expect(rob.get_by_text("The draft is approved.")).to_be_visible()
    rob.get_by_role("button", name="Publish the draft").click()
    expect(rob.get_by_text("The draft is published.")).to_be_visible()
    published = desk.served.knowledge.version
    assert published != before
    assert "gout" in {d["doc"] for d in desk.served.knowledge.list()}

    add(eve, tmp_path, "gout.md", GOUT.replace("enough", "plenty of"))
    eve.goto("/draft/document?doc=gout")
    expect(eve.locator("del")).to_contain_text("enough")
    expect(eve.locator("ins")).to_contain_text("plenty of")
    eve.goto("/draft")
    eve.get_by_text("Throw the whole draft away").click()
    eve.get_by_role("button", name="Throw the draft away").click()
    expect(eve.get_by_text("The draft is empty.")).to_be_visible()

    rob.goto("/versions")
    rob.get_by_role("button", name=f"Go back to version {before}").click()
    expect(rob.get_by_text("The earlier version is published again.")).to_be_visible()
    assert desk.served.knowledge.version == before


def test_files_can_be_dropped_and_sending_shows_how_far_it_is(desk: Desk) -> None:
    """Dropped files join the chosen ones; a refused form says why and keeps what was typed."""
    eve = desk.signed_in("eve")
    eve.goto("/add")
    eve.locator("#f-title").fill("Only a title")
    data = eve.evaluate_handle(
        """() => { const all = new DataTransfer();
        all.items.add(new File(["# Dropped\\n\\nDrink water every day."], "dropped.md"));
        return all; }"""
    )
    eve.dispatch_event("#drop", "drop", {"dataTransfer": data})
    expect(eve.locator("#chosen li")).to_have_text("dropped.md")
    eve.locator("#add > button[type=submit]").click()
    expect(eve.get_by_role("alert")).to_contain_text("needs its organisation")
    desk.complaints.clear()  # the browser notes the 400 itself
    assert eve.locator("#f-title").input_value() == "Only a title"
    eve.locator("#f-organisation").fill("WHO")
    eve.locator("#add > button[type=submit]").click()
    eve.wait_for_url("**/add/result/*")
    expect(eve.locator(".verdicts h2")).to_have_text("dropped.md")
    desk.served.knowledge.desk().discard(who="eve")


def test_a_hostile_document_runs_nothing(desk: Desk, tmp_path: Path) -> None:
    """Scripts, handlers, styles and javascript: links in a document are text everywhere."""
    evil = (
        '<script>window.owned=1</script><img src=x onerror="window.owned=1">'
        "<style>*{display:none}</style>"
    )
    row = {
        "id": f"evil{evil}", "title": f"T{evil}", "text": f"{evil} drink water {evil}",
        "url": "https://example.org/\"onmouseover=\"window.owned=1",
        "sources": [
            {"organisation": evil, "title": evil, "url": "https://e.org/'><b>", "date": "2024"}
        ],
    }  # fmt: skip
    path = tmp_path / "evil.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    eve = desk.signed_in("eve")
    eve.goto("/add")
    eve.locator("#f-files").set_input_files(path)
    eve.locator("#f-organisation").fill(evil)
    eve.locator("#f-licence").fill("javascript:window.owned=1")
    eve.locator("#f-date").fill("2024")
    eve.locator("#add > button[type=submit]").click()
    eve.wait_for_url("**/add/result/*")
    eve.goto("/draft")
    eve.locator("main table a").first.click()
    expect(eve.locator("main")).to_contain_text("drink water")
    assert "<script>window.owned" not in eve.content()
    boss = desk.served.knowledge.desk()
    before, draft = boss.draft().base, boss.draft()
    boss.review("approve", who="rob")
    boss.publish(who="ann")
    for where in ("/documents", f"/document?doc={quote(draft.added[0])}", "/search?q=script", "/"):
        eve.goto(where)
        expect(eve.locator("main")).to_contain_text(re.compile("evil|publish", re.IGNORECASE))
        assert eve.evaluate("window.owned") is None
        assert eve.locator("main script, main style, main img").count() == 0
        links = eve.locator("main a").evaluate_all("all => all.map(a => a.protocol)")
        assert {link for link in links if link} <= {"http:", "https:"}
    boss.rollback(before, who="ann")


def test_everything_can_be_done_with_the_keyboard(desk: Desk) -> None:
    """Skip link first; every stop has a name and a visible focus; sign-in and search by keys."""
    page = desk.page()
    page.goto("/sign-in")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    page.goto("/documents")
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => { const at = document.activeElement, style = getComputedStyle(at);
            const name = at.getAttribute("aria-label") || at.innerText || at.value ||
              [...(at.labels || [])].map(l => l.innerText).join(" ");
            return [at.tagName, (name || "").trim(), style.outlineStyle, style.outlineWidth]; }"""
        )
        if stop[0] == "BODY":
            break
        seen.append(stop)
    assert not [s for s in seen if not s[1] or s[2] == "none" or s[3] == "0px"]
    assert [s[1] for s in seen if s[0] == "A"][3:6] == ["Overview", "Documents", "Add documents"]
    assert "Find" in [s[1] for s in seen if s[0] == "BUTTON"]
    page.locator("#f-q").focus()
    page.keyboard.type("salt")
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents?q=salt*")
    expect(page.get_by_role("status")).to_have_text("Documents found: 2")


PATHS = (
    "/", "/documents", "/document?doc=en/salt", "/add", "/draft", "/versions",
    "/search?q=how much salt", "/feedback", "/gaps", "/people", "/audit", "/account",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_page_passes_the_accessibility_rules(desk: Desk, lang: str) -> None:
    """axe-core finds nothing on any page: light and dark, both languages, down to phone width;
    nothing is wider than the screen; headings begin with one h1."""
    options = {"locale": {"en": "en-GB", "zh": "zh-CN"}[lang]}
    scheme, width = ("light", 1280) if lang == "en" else ("dark", 390)
    page = desk.signed_in(
        "ann", color_scheme=scheme, viewport={"width": width, "height": 800}, **options
    )
    for path in PATHS:
        page.goto(path)
        expect(page.locator("[data-again]")).to_have_count(0)
        found = Axe().run(page)
        faults = [
            f"{path}: {v['id']} {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]
        ]
        assert not faults, "\n".join(faults)
        assert page.locator("h1").count() == 1
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_the_language_can_be_switched_and_stays(desk: Desk) -> None:
    """One press turns every page Chinese, the next visit too; another turns it back."""
    page = desk.signed_in("ann", locale="en-GB")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("h1")).to_have_text("概览")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.goto("/people")
    expect(page.locator("h1")).to_have_text("人员与角色")
    words = re.sub(r"[^a-z ]", "", page.locator("nav").first.inner_text())
    assert not words.strip()
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_have_text("People and roles")


def test_a_phone_gets_its_menu_by_a_press(desk: Desk) -> None:
    """The menu is folded on a phone and opens by key or finger."""
    page = desk.signed_in("ann", viewport={"width": 390, "height": 800})
    link = page.get_by_role("link", name="Search playground")
    expect(link).to_be_hidden()
    page.locator("#menu-open").focus()
    page.keyboard.press("Space")
    link.click()
    expect(page.locator("h1")).to_have_text("Search playground")


def test_plain_forms_are_enough(desk: Desk, tmp_path: Path) -> None:
    """Without script: sign in, upload, see the verdict, take it back, sign out."""
    eve = desk.signed_in("eve", java_script_enabled=False)
    add(eve, tmp_path, "plain.md", "# Plain\n\nDrink water every day.\n")
    eve.goto("/draft")
    eve.get_by_role("button", name="Take plain out of the draft").click()
    expect(eve.get_by_text("Taken out of the draft.")).to_be_visible()
    eve.get_by_role("button", name="Sign out").click()
    expect(eve.locator("h1")).to_have_text("Sign in")
