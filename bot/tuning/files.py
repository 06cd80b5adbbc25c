"""A data set's folder: manifest.json and one file of JSON lines per split.

``manifest.json``: {format, name, kind, created, seed, counts, sha256 per file, lineage}. The
sha256 of the manifest itself is what an adapter's lineage names.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.tuning.dataset import SPLITS, Built, Plan

FORMAT = "salus-dataset-1"
MANIFEST = "manifest.json"


def write(folder: Path, plan: Plan, built: Built, created: str) -> str:
    """Write a new folder; the manifest's sha256. InputError if something is there already."""
    if folder.exists() and any(folder.iterdir()):
        raise InputError(str(folder), fault=f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "format": FORMAT,
        "name": plan.name,
        "kind": plan.kind,
        "created": created,
        "seed": plan.seed,
        "counts": {},
        "sha256": {},
        "left_out": built.left_out,
        "lineage": {
            "made_with": built.versions,
            "per_person": plan.per_person,
            "review": plan.review,
            "deidentified": True,
        },
    }
    for split in SPLITS:
        lines = [json.dumps(row, ensure_ascii=False) for row in built.rows[split]]
        (folder / f"{split}.jsonl").write_text("".join(f"{x}\n" for x in lines), encoding="utf-8")
    return _seal(folder, manifest)


def read(folder: Path) -> dict[str, Any]:
    """The manifest, after every file was compared with it. InputError where they differ."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        kept = manifest["sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(str(folder), fault=f"{folder} is no data set") from error
    for split in SPLITS:
        if kept.get(f"{split}.jsonl") != _sha256(folder / f"{split}.jsonl"):
            raise InputError(str(folder), fault=f"{folder / split}.jsonl was changed")
    return manifest


def rows(folder: Path, split: str) -> list[dict[str, Any]]:
    """The rows of one split."""
    text = (folder / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line]


def absolute(folder: Path) -> str:
    """Where a folder is found from anywhere."""
    return str(folder.resolve())


def copy(folder: Path, to: Path) -> None:
    """A second copy; InputError if something is there already."""
    read(folder)
    if to.exists() and any(to.iterdir()):
        raise InputError(str(to), fault=f"{to} is not empty")
    shutil.copytree(folder, to, dirs_exist_ok=True)


def sweep(folder: Path, gone: Collection[str]) -> str:
    """Take rows out of every file of a folder; the manifest's new sha256."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for split in SPLITS:
        kept = [row for row in rows(folder, split) if row["id"] not in gone]
        lines = [json.dumps(row, ensure_ascii=False) for row in kept]
        part = folder / f".{split}.part"
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        part.replace(folder / f"{split}.jsonl")
    return _seal(folder, manifest)


def _seal(folder: Path, manifest: Mapping[str, Any]) -> str:
    """Fill counts and hashes in, write the manifest, and give its sha256."""
    counts = {split: len(rows(folder, split)) for split in SPLITS}
    hashes = {f"{split}.jsonl": _sha256(folder / f"{split}.jsonl") for split in SPLITS}
    whole = {**manifest, "counts": counts, "sha256": hashes}
    raw = json.dumps(whole, ensure_ascii=False, indent=1).encode()
    (folder / MANIFEST).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


def _sha256(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
