"""A stand-in for the model and for its training, so small that one can see what it learns.

Nothing here is a language model. It answers with sentences of the passages it is given, in a
style of five switches; "training" moves each switch towards what was liked. It is there to show
and to test the loop around it: data, gate, trial, rollback.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.errors import AdapterMissingError
from bot.grounding.sentences import split_sentences
from bot.model import ChatMessage, Generation, Lang
from bot.tuning import files
from bot.tuning.folder import CONFIG, WEIGHTS

BASE = "stand-in"
REFER = {"en": "Talk to your doctor if you are worried.", "zh": "如果担心，请咨询医生。"}
START = {"brief": -1.0, "figures": -0.8, "list": -0.8, "refer": -0.5, "true": 4.0}
_PASSAGE = re.compile(r"^\[(\d+)\] [^\n]*\n(.*?)(?=\n\n\[\d+\] |\n\nThe person)", re.M | re.S)
_MARK = re.compile(r"\[\d+\]")
_FIGURE = re.compile(r"\d+(?:\.\d+)?")
BETA = 0.1  # TRL's own
DECAY = 0.1  # weight decay towards where it started, in rows: the fewer rows, the stronger
_STEPS, _STEP = 1000, 50.0


def features(answer: str, prompt: str) -> dict[str, bool]:
    """Which switches an answer shows."""
    bare = _MARK.sub("", answer)
    figures = set(_FIGURE.findall(bare))
    return {
        "brief": len(_MARK.findall(answer)) <= 1,
        "figures": bool(figures),
        "list": answer.lstrip().startswith("- "),
        "refer": any(text in answer for text in REFER.values()),
        "true": figures <= set(_FIGURE.findall(prompt)),
    }


class StandIn:
    """A Generator over the styles of its adapters."""

    def __init__(self, seed: int = 0) -> None:
        """``seed`` decides what it draws."""
        self.styles: dict[str, dict[str, float]] = {"": dict(START)}
        self._seed = seed
        self.luck = ""  # the same luck draws the same; empty: each person has a luck of their own

    @property
    def name(self) -> str:
        """The base."""
        return BASE

    @property
    def adapter(self) -> str:
        """None of its own."""
        return ""

    @property
    def languages(self) -> frozenset[Lang]:
        """It repeats whatever language the passages have."""
        return frozenset({"en", "zh"})

    def load(self, folder: Path) -> None:
        """Take an adapter's folder up."""
        self.styles[folder.name] = json.loads((folder / WEIGHTS).read_text())

    async def stream(
        self, prompt: Sequence[ChatMessage], *, tenant: str = "", adapter: str | None = None
    ) -> AsyncGenerator[Generation, None]:
        """The whole answer at once."""
        if adapter and adapter not in self.styles:
            raise AdapterMissingError(adapter)
        text = self._answer(prompt[-1].content, self.styles[adapter or ""], self.luck or tenant)
        yield Generation(text=text)
        yield Generation(text=text, finish="stop")

    def _answer(self, prompt: str, style: dict[str, float], luck: str) -> str:
        found = _PASSAGE.findall(prompt)[:2]
        # Not the whole prompt: that also tells the time.
        draw = random.Random(f"{self._seed}|{luck}|{found}")
        chances = _sigmoid(np.array(list(style.values())))
        on = {name: draw.random() < chance for name, chance in zip(style, chances, strict=True)}
        said = [
            (sentence, int(number)) for number, text in found for sentence in split_sentences(text)
        ]
        if not said:
            return "Hello."
        wanted = [s for s in said if bool(_FIGURE.search(s[0])) == on["figures"]] or said
        chosen = wanted[: 1 if on["brief"] else 3]
        lines = [f"{_marked(sentence, number)}" for sentence, number in chosen]
        if not on["true"]:
            lines = [_FIGURE.sub(lambda m: str(float(m[0]) * 3 + 1), lines[0]), *lines[1:]]
        text = "\n".join(f"- {line}" for line in lines) if on["list"] else " ".join(lines)
        lang = "zh" if re.search("[一-鿿]", lines[0]) else "en"
        return f"{text}\n\n{REFER[lang]}" if on["refer"] else text


def _marked(sentence: str, number: int) -> str:
    end = sentence[-1] if sentence[-1] in ".!?。！？" else ""
    body = sentence[: len(sentence) - len(end)]
    return f"{body} [{number}]{end}"


def train(dataset: Path, out: Path, start: Path | None, *, command: str) -> Path:
    """KTO on the switches from ``start`` (or START); an adapter's folder in ``out``."""
    manifest = files.read(dataset)
    reference = json.loads((start / WEIGHTS).read_text()) if start else dict(START)
    rows = files.rows(dataset, "train") + files.rows(dataset, "val")
    style = kto(reference, rows)
    out.mkdir(parents=True)
    (out / WEIGHTS).write_text(json.dumps(style))
    (out / CONFIG).write_text(json.dumps({"base_model_name_or_path": BASE}))
    lineage = {
        "name": out.name, "base": BASE, "base_sha256": "", "method": "kto",
        "dataset": manifest["name"], "seed": manifest["seed"],
        "args": {"command": command, "beta": BETA, "decay": DECAY},
        "dataset_sha256": hashlib.sha256((dataset / files.MANIFEST).read_bytes()).hexdigest(),
        "parents": [start.name] if start else [], "metrics": {"rows": len(rows)},
        "created": manifest["created"],
    }  # fmt: skip
    (out / "lineage.json").write_text(json.dumps(lineage))
    (out / "card.md").write_text("# A stand-in's style\n\nNot a model: five switches.\n")
    return out


def kto(reference: Mapping[str, float], rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The style (logits) that minimises the KTO loss over ``rows`` from ``reference``.

    Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization" (2024), as TRL
    computes it: 1 - sigmoid(beta (r - z)) for a liked answer and 1 - sigmoid(beta (z - r)) for a
    disliked one, r the log ratio of the answer under both styles, z their divergence (no
    gradient). Both kinds weigh the same together, and weight decay keeps the style near the
    reference. A switch is a coin, so all is exact.
    """
    names = list(reference)
    shown = np.array([
        [features(row["completion"][0]["content"], row["prompt"][-1]["content"])[n] for n in names]
        for row in rows
    ], dtype=float)  # fmt: skip
    liked = np.array([row["label"] for row in rows], dtype=bool)
    weights = np.where(liked, 0.5 / max(liked.sum(), 1), 0.5 / max((~liked).sum(), 1))
    signs = np.where(liked, 1.0, -1.0)
    before = np.array([reference[name] for name in names])
    style = before.copy()
    for _ in range(_STEPS):
        on = _sigmoid(style)
        ratio = (shown * style - np.logaddexp(0, style)) - (
            shown * before - np.logaddexp(0, before)
        )
        apart = (on * (style - before) - np.logaddexp(0, style) + np.logaddexp(0, before)).sum()
        held = _sigmoid(BETA * signs * (ratio.sum(axis=1) - apart))
        pull = BETA * signs * weights * held * (1 - held)
        uphill = (pull[:, None] * (shown - on)).sum(axis=0) - DECAY / len(rows) * (style - before)
        style += np.clip(_STEP * uphill, -0.5, 0.5)
    return dict(zip(names, style.tolist(), strict=True))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(x, -30.0, 30.0)))
    return found
