"""Fits knowledge/safety/likeness.json from our own vignettes (``make fit-triage``).

Fitted on: the development vignettes (tests/safety), the independent sets that were scored once
before (tests/safety_blind, tests/safety_final, tests/safety_fourth), benign prompts, off-topic and
ordinary questions, and metric sentences. Never on tests/safety_third, tests/safety_fifth and
tests/safety_mild, which are kept for scoring.
Prints, for each language, how rules and model together do on parts the model was not fitted on
(five folds) for some thresholds, then writes the model fitted on all.
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
    "safety/vignettes_ordinary.{lang}.jsonl",
    "safety/vignettes_everyday.{lang}.jsonl",
    "safety/vignettes_oblique.{lang}.jsonl",
    "safety/vignettes_mild.{lang}.jsonl",
    "safety_blind/red_flags.{lang}.jsonl",
    "safety_final/red_flags.{lang}.jsonl",
    "safety_fourth/{lang}.jsonl",
)
CRISIS = frozenset({"suicidal", "suicide", "self_harm", "selfharm", "suicide_selfharm"})
RAISE_AT = (0.5, 0.6, 0.7, 0.75)
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
                danger = int(bool(row.get("trigger", row.get("expected") != "none")))
                mind = int(bool(danger and (row.get("crisis") or row.get("category") in CRISIS)))
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


def unseen(texts: Sequence[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """The probability of each text by the one of five models that was fitted without it."""
    fold = np.random.default_rng(1).permutation(len(texts)) % 5
    found = np.zeros(len(texts))
    for part in range(5):
        known, left = np.where(fold != part)[0], np.where(fold == part)[0]
        model = fit([texts[i] for i in known], labels[known])
        found[left] = scores(model, [texts[i] for i in left])
    return found


def report(texts: Sequence[str], labels: np.ndarray, danger: np.ndarray, crisis: np.ndarray) -> str:
    """Sensitivity and specificity of rules and second look together, by threshold."""
    from bot.safety.likeness import Likeness
    from bot.safety.triage import Triage

    triage = Triage.load()
    ruled = [triage.by_rules(text) for text in texts]
    lines = []
    for limit in RAISE_AT:
        hit = np.array(
            [
                triage.looked_at_again(
                    text, rule, seen=Likeness(danger=float(d), crisis=float(c)), raise_at=limit
                ).level
                in {"emergency", "urgent"}
                for text, rule, d, c in zip(texts, ruled, danger, crisis, strict=True)
            ]
        )
        sens, spec = hit[labels == 1].mean(), 1 - hit[labels == 0].mean()
        lines.append(f"  raise at {limit}: sensitivity {sens:.4f} specificity {spec:.4f}")
    return "\n".join(lines)


def main() -> None:
    """Fit, print and write."""
    everything = labelled()
    models: dict[str, dict[str, object]] = {}
    for lang in ("en", "zh"):
        mine = [row for row in everything if language_of(row[0]) == lang]
        mine = [row for row in mine if features(row[0])]
        texts = [np.array(features(text)) for text, _, _ in mine]
        models[lang], found = {}, {}
        for name, column in (("danger", 1), ("crisis", 2)):
            labels = np.array([row[column] for row in mine])
            found[name] = unseen(texts, labels)
            models[lang][name] = packed(fit(texts, labels))
        dangers = np.array([row[1] for row in mine])
        told = report([row[0] for row in mine], dangers, found["danger"], found["crisis"])
        print(f"{lang}: {dangers.sum()} of {len(mine)} must trigger\n{told}", flush=True)
    note = "Fitted by deploy/fit_likeness.py on our own vignettes; clinician_review: pending."
    path().write_text(json.dumps({"note": note, "models": models}), encoding="utf-8")


if __name__ == "__main__":
    main()
