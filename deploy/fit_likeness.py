"""Fits knowledge/safety/likeness.json from our own vignettes (``make fit-triage``).

Fitted on: the development vignettes (tests/safety), the first two independent sets, which were
scored once before (tests/safety_blind, tests/safety_final), benign prompts, off-topic and ordinary
questions, and metric sentences. Never on tests/safety_third, which is kept for scoring. Prints,
for each language, how the model alone does on parts it was not fitted on (five folds), then
writes the model fitted on all.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bot.safety.likeness import DIMENSIONS, features, language_of, path  # noqa: E402

TESTS = ROOT / "tests"
FITTED_ON = (
    "safety/vignettes_dev.{lang}.jsonl",
    "safety/vignettes_more.{lang}.jsonl",
    "safety_blind/red_flags.{lang}.jsonl",
    "safety_final/red_flags.{lang}.jsonl",
)
CRISIS = frozenset({"suicidal", "suicide", "self_harm", "selfharm"})
EPOCHS, RATE, SHRINK = 40, 0.15, 0.4


def rows(name: str) -> Iterator[dict[str, object]]:
    """The rows of one file of labelled texts."""
    for line in (TESTS / name).read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def labelled() -> list[tuple[str, int, int]]:
    """(text, must trigger, is a crisis) of everything we fit on, each text once."""
    found = dict.fromkeys(ordinary(), (0, 0))
    for lang in ("en", "zh"):
        for name in FITTED_ON:
            for row in rows(name.format(lang=lang)):
                danger = int(bool(row["trigger"]))
                mind = int(bool(danger and str(row.get("category")) in CRISIS))
                found[str(row["text"])] = (danger, mind)
    return [(text, danger, mind) for text, (danger, mind) in found.items()]


def ordinary() -> Iterator[str]:
    """Texts that must not trigger: benign and off-topic ones, metric sentences, questions."""
    for name in (
        "metrics/cases.en",
        "metrics/cases.zh",
        "retrieval/offtopic",
        "safety/benign_prompts",
    ):
        yield from (str(row["text"]) for row in rows(f"{name}.jsonl"))
    for part in "abc":
        for row in rows(f"retrieval/questions_{part}.jsonl"):
            if not sounds_dangerous(str(row["text"])):
                yield str(row["text"])


def sounds_dangerous(text: str) -> bool:
    """Ordinary questions are not labelled; those the rules react to are left out."""
    from bot.safety.triage import rules_alone

    return rules_alone(text).level in {"emergency", "urgent"}


def fit(texts: Sequence[np.ndarray], labels: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression by AdaGrad with class balance; the same result every time."""
    weights, steps = np.zeros(DIMENSIONS), np.full(DIMENSIONS, 1e-6)
    bias, bias_step = 0.0, 1e-6
    balance = (labels == 0).sum() / max(1, (labels == 1).sum())
    order = np.random.default_rng(0)
    for _ in range(EPOCHS):
        for i in order.permutation(len(texts)):
            x = texts[i]
            norm = 1 / np.sqrt(len(x))
            p = 1 / (1 + np.exp(-(weights[x].sum() * norm + bias)))
            slope = (p - labels[i]) * (balance if labels[i] else 1)
            gradient = slope * norm + SHRINK * weights[x] / len(texts)
            steps[x] += gradient**2
            weights[x] -= RATE * gradient / np.sqrt(steps[x])
            bias_step += slope**2
            bias -= RATE * slope / np.sqrt(bias_step)
    return weights, bias


def scores(model: tuple[np.ndarray, float], texts: Sequence[np.ndarray]) -> np.ndarray:
    """Probabilities of texts."""
    return np.array(
        [1 / (1 + np.exp(-(model[0][x].sum() / np.sqrt(len(x)) + model[1]))) for x in texts]
    )


def packed(model: tuple[np.ndarray, float]) -> dict[str, object]:
    """The model with its weights in int8 steps."""
    scale = float(np.abs(model[0]).max() / 127)
    steps = np.round(model[0] / scale).astype(np.int8)
    text = base64.b64encode(steps.tobytes()).decode()
    return {"weights": text, "scale": scale, "bias": float(model[1])}


def folds(texts: Sequence[np.ndarray], labels: np.ndarray) -> str:
    """How five models do on the fifth each did not see, at three thresholds."""
    fold = np.random.default_rng(1).permutation(len(texts)) % 5
    found = np.zeros(len(texts))
    for part in range(5):
        seen, unseen = np.where(fold != part)[0], np.where(fold == part)[0]
        model = fit([texts[i] for i in seen], labels[seen])
        found[unseen] = scores(model, [texts[i] for i in unseen])
    return "  ".join(
        f"p>{t}: sens {(found[labels == 1] > t).mean():.3f} spec "
        f"{(found[labels == 0] <= t).mean():.3f}"
        for t in (0.4, 0.5, 0.6)
    )


def main() -> None:
    """Fit, print and write."""
    everything = labelled()
    models: dict[str, dict[str, object]] = {}
    for lang in ("en", "zh"):
        mine = [row for row in everything if language_of(row[0]) == lang]
        texts = [np.array(features(text)) for text, _, _ in mine]
        kept = [i for i, x in enumerate(texts) if len(x)]
        texts = [texts[i] for i in kept]
        models[lang] = {}
        for name, column in (("danger", 1), ("crisis", 2)):
            labels = np.array([mine[i][column] for i in kept])
            told = f"{lang} {name}: {labels.sum()} of {len(labels)}  {folds(texts, labels)}"
            print(told, flush=True)
            models[lang][name] = packed(fit(texts, labels))
    note = "Fitted by deploy/fit_likeness.py on our own vignettes; clinician_review: pending."
    path().write_text(json.dumps({"note": note, "models": models}), encoding="utf-8")


if __name__ == "__main__":
    main()
