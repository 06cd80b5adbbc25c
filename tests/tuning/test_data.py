"""What the embedded model is measured on was never trained on, whatever pages are added."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.finetune import data


def test_pages_are_held_back_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is added goes to training and moves no other one."""
    before = {asked.id: asked.split for asked in data.asked_of_pages()}
    assert {i.rsplit("-", 1)[0] for i, split in before.items() if split == "test"} == (
        data.HELD_BACK_PAGES
    )
    assert 0.15 < sum(split == "test" for split in before.values()) / len(before) < 0.25
    pages = tmp_path / "en"
    pages.mkdir()
    for path in (data.PAGES / "en").glob("*.md"):
        (pages / path.name).write_bytes(path.read_bytes())
    added = (pages / "anxiety.md").read_text(encoding="utf-8")
    (pages / "aaa.md").write_text(added.replace("id: anxiety", "id: aaa"), encoding="utf-8")
    monkeypatch.setattr(data, "PAGES", tmp_path)
    after = {asked.id: asked.split for asked in data.asked_of_pages()}
    assert before.items() < after.items()
    assert {after[i] for i in after.keys() - before.keys()} == {"train"}
