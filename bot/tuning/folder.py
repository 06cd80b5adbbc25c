"""An adapter's folder on disk: PEFT weights, a card, and where it comes from.

    adapter_config.json  adapter_model.safetensors  card.md  lineage.json  [adapter.gguf]

``lineage.json``: {name, base, base_sha256, method, dataset, dataset_sha256, seed, args, metrics,
created} and, where it started from others, parents.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.errors import InputError
from bot.tuning.registry import Adapter, Lineage

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def read(folder: Path, name: str = "") -> Adapter:
    """The candidate in ``folder``. InputError says which file is missing or wrong."""
    for needed in (WEIGHTS, CONFIG):
        if not (folder / needed).is_file():
            raise _wrong(folder, f"{needed} is missing")
    lineage = _json(folder, "lineage.json")
    config = _json(folder, CONFIG)
    chosen = name or str(lineage.get("name") or folder.name)
    if not _NAME.fullmatch(chosen):
        raise _wrong(folder, f"{chosen!r} is no name: small letters, digits, dot, dash")
    base = str(lineage.get("base") or config.get("base_model_name_or_path") or "")
    if not base:
        raise _wrong(folder, "no base model is named")
    card = folder / "card.md"
    return Adapter(
        name=chosen,
        base=base,
        path=str(folder.resolve()),
        sha256=sha256(folder / WEIGHTS),
        lineage=_lineage(lineage),
        metrics=_numbers(lineage.get("metrics")),
        card=card.read_text(encoding="utf-8") if card.is_file() else "",
    )


def unchanged(adapter: Adapter) -> None:
    """InputError unless the weights are still those that were registered."""
    weights = Path(adapter.path) / WEIGHTS
    if not weights.is_file() or sha256(weights) != adapter.sha256:
        raise _wrong(Path(adapter.path), "the weights are not those that were registered")


def sha256(file: Path) -> str:
    """Of a file's bytes, hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lineage(found: Mapping[str, Any]) -> Lineage:
    parents = found.get("parents") or [p for p in [found.get("parent")] if p]
    return Lineage(
        base_sha256=str(found.get("base_sha256") or ""),
        method=str(found.get("method") or ""),
        dataset=str(found.get("dataset") or ""),
        dataset_sha256=str(found.get("dataset_sha256") or ""),
        parents=tuple(str(parent) for parent in parents),
        seed=int(found.get("seed") or 0),
        command=json.dumps(found.get("args") or {}, ensure_ascii=False, sort_keys=True),
        created=str(found.get("created") or ""),
    )


def _numbers(found: object) -> dict[str, float]:
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _wrong(folder, f"{name} is missing") from None
    except (OSError, ValueError) as error:
        raise _wrong(folder, f"{name} cannot be read") from error
    if not isinstance(found, dict):
        raise _wrong(folder, f"{name} is no JSON object")
    return found


def _wrong(folder: Path, fault: str) -> InputError:
    return InputError(f"{folder}: {fault}", fault=f"{folder}: {fault}")
