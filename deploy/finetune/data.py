"""Builds the dataset folder for SFT: ``python -m deploy.finetune.data --medquad FILE``.

1. Samples MedQuAD by focus (a disease or topic), three of seven focuses held back, and puts the
   answers with our own pages into a knowledge base under build/finetune-data.
2. Asks every question as somebody might type it and retrieves, as Salus does.
3. Writes the prompt exactly as the bot would (prompts/embedded, bot.grounding.excerpts) and the
   target (targets.py); drops what the grounding check does not carry; adds questions whose
   answer was taken away.
Writes manifest.json, train.jsonl, val.jsonl and test.jsonl; test.jsonl is not for training: it
holds the held-back questions with their references, for evaluate.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.dialogue import context
from bot.generation.prompts import PromptBook
from bot.grounding.check import Checker
from bot.grounding.choosing import Span, decided, reading
from bot.grounding.excerpts import Excerpt, excerpts
from bot.model import Hit
from deploy.finetune.facts import facts
from deploy.finetune.questions import reworded
from deploy.finetune.targets import Place, best_choice
from rag.embed import MiniLm
from rag.library import Knowledge
from rag.pages import read_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "knowledge" / "pages"
SEED = 20261128
EVERYDAY, RARE = 640, 360  # focuses taken from sources for everybody and from the rare-disease ones
HELD_BACK = 430  # focuses whose questions are only for measuring
# Our own pages that are only for measuring: by name, since a page that is added must not move
# others from training to measuring under an adapter that was trained on them.
HELD_BACK_PAGES = frozenset(
    """
    alcohol back-pain colds-flu diabetes-type2 fibre-wholegrains healthy-eating insomnia
    low-blood-pressure older-adults-falls physical-activity salt sleep-apnoea stress vaccines
    """.split()
)
LONGEST = 1600  # characters of one answer
PASSAGES = 6
NO_ANSWER_SHARE = 0.06
VALIDATION = 40
FEWEST_FACTS = 2
_MARK = re.compile(r"\s*\[\^[^\]]+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with the document that answers it and its reference answer."""

    id: str
    question: str
    doc: str
    reference: str
    source: str
    split: str


def sampled(medquad: Path) -> list[dict[str, Any]]:
    """MedQuAD rows of the chosen focuses, each with its split; the same for the same seed."""
    rows = [json.loads(line) for line in medquad.read_text(encoding="utf-8").splitlines() if line]
    by_focus: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_focus[row["focus"].strip().lower()].append(place)
    rng = random.Random(SEED)
    names = sorted(by_focus)
    rng.shuffle(names)
    everyday = {n for n in names if any(rows[i]["source"][0] not in "23" for i in by_focus[n])}
    kept = [n for n in names if n in everyday][:EVERYDAY]
    kept += [n for n in names if n not in everyday][:RARE]
    rng.shuffle(kept)
    held = set(kept[:HELD_BACK])
    seen: set[str] = set()
    found = []
    for name in kept:
        for place in by_focus[name][: 5 if name in everyday else 3]:
            row, flat = rows[place], " ".join(rows[place]["answer"].split())
            if flat in seen or "Human Phenotype Ontology provides" in flat:
                continue
            seen.add(flat)
            split = "test" if name in held else "train"
            found.append(
                row
                | {"id": f"m{place}", "answer": _cut(row["answer"]), "split": split, "lang": "en"}
            )
    return found


def _cut(answer: str) -> str:
    """The beginning of an answer, up to a full stop."""
    short = answer[:LONGEST]
    return short[: short.rindex(". ") + 1] if len(answer) > LONGEST and ". " in short else short


def knowledge(folder: Path, rows: Sequence[dict[str, Any]], embedder: MiniLm) -> Knowledge:
    """The knowledge base of our pages and the sampled answers, built once."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "rows.jsonl"
    fields = ("id", "focus", "answer", "lang", "url", "source")
    lines = [json.dumps({f: row[f] for f in fields}, ensure_ascii=False) for row in rows]
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    base = Knowledge.open(folder, pages_dir=PAGES, embedder=embedder)
    base.add([source], index_questions=False)
    return base


def asked_of_medquad(rows: Sequence[dict[str, Any]]) -> Iterator[Asked]:
    """Every sampled row as a question in somebody's words."""
    for row in rows:
        rng = random.Random(f"{SEED}{row['id']}")
        held = row["split"] == "test"
        yield Asked(
            id=row["id"], doc=row["id"], reference=row["answer"], source="medquad",
            question=reworded(row["question"], row["qtype"], row["focus"], held_back=held, rng=rng),
            split=row["split"],
        )  # fmt: skip


def asked_of_pages() -> Iterator[Asked]:
    """The sections of our own English pages, a fifth of them held back."""
    for path in sorted((PAGES / "en").glob("*.md")):
        page = read_page(path)
        for place, (heading, text) in enumerate(page.sections):
            yield Asked(
                id=f"{page.slug}-{place}", doc=f"en/{page.slug}", source="pages",
                question=heading, reference=_MARK.sub("", text),
                split="test" if page.slug in HELD_BACK_PAGES else "train",
            )  # fmt: skip


class Builder:
    """Turns questions into rows."""

    def __init__(self, base: Knowledge, prompts: PromptBook) -> None:
        """A knowledge base to search and the prompt to fill."""
        self._base = base
        self._prompts = prompts
        self._checker = Checker()
        self.dropped: Counter[str] = Counter()

    def row(self, asked: Asked, *, unanswerable: bool = False) -> dict[str, Any] | None:
        """One row, or None (counted) when there is nothing good to teach."""
        hits = self._base.search(asked.question, "en", PASSAGES * 2).hits
        if unanswerable:
            hits = tuple(h for h in hits if h.passage.title != _title_of(asked, hits))
        hits = hits[:PASSAGES]
        parts = excerpts(asked.question, hits)
        wanted = facts(asked.reference, asked.question)
        if not parts or len(wanted) < FEWEST_FACTS:
            self.dropped["nothing to read" if not parts else "reference too short"] += 1
            return None
        chosen: frozenset[Place] = frozenset()
        if not unanswerable:
            chosen = best_choice(parts, wanted, self._checker, reference=asked.reference)
            if not any(parts[number].hit.passage.doc == asked.doc for number, _ in chosen):
                self.dropped["answer not retrieved"] += 1
                return None
        return {
            "id": asked.id + ("-none" if unanswerable else ""),
            "parts": self._parts(asked.question, hits, parts, chosen),
            "lang": "en",
        }

    def _parts(
        self,
        question: str,
        hits: Sequence[Hit],
        parts: Sequence[Excerpt],
        chosen: Collection[Place],
    ) -> list[Span]:
        """The prompt with the word behind every sentence; True: to be learned."""
        read = reading(*(message["content"] for message in self.prompt(question, hits)))
        places = [(n, at) for n, part in enumerate(parts) for at in range(len(part.sentences))]
        if read is None or len(read.choices) != len(places):
            raise ValueError(f"the short prompt cannot be read: {question}")
        return decided(read, {n for n, place in enumerate(places) if place in chosen})

    def prompt(self, question: str, hits: Sequence[Hit]) -> list[dict[str, str]]:
        """The prompt as the bot builds it for its embedded model."""
        filled = context.brief(question=question, hits=hits)
        messages = self._prompts.build(**context.prompt_values(filled, "en"))
        return [{"role": m.role, "content": m.content} for m in messages]


def _title_of(asked: Asked, hits: Sequence[Hit]) -> str:
    return next((h.passage.title for h in hits if h.passage.doc == asked.doc), "")


def training_rows(builder: Builder, asked: Sequence[Asked], most: int) -> list[dict[str, Any]]:
    """Shuffled rows, some of them with the answer taken away."""
    rng = random.Random(SEED)
    order = [a for a in asked if a.split == "train"]
    rng.shuffle(order)
    rows: list[dict[str, Any]] = []
    for one in order:
        if len(rows) >= most:
            break
        row = builder.row(one, unanswerable=rng.random() < NO_ANSWER_SHARE)
        if row is not None:
            rows.append(row)
    return rows


def write(
    folder: Path, name: str, files: dict[str, list[dict[str, Any]]], notes: dict[str, Any]
) -> None:
    """The files of the dataset and its manifest."""
    digests = {}
    for file, rows in files.items():
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / file).write_text(text, encoding="utf-8")
        digests[file] = hashlib.sha256(text.encode()).hexdigest()
    manifest = {
        "name": name, "kind": "choose", "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": SEED, "counts": {f: len(r) for f, r in files.items()}, "sha256": digests,
        "lineage": notes,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main(given: Sequence[str] | None = None) -> None:
    """Build everything; prints what was kept and dropped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--medquad", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "finetune-data")
    parser.add_argument("--rows", type=int, default=900)
    args = parser.parse_args(given)
    if not args.medquad.is_file():
        sys.exit(f"skipped: {args.medquad} is not there (MedQuAD is not part of this repository)")
    sample = sampled(args.medquad)
    base = knowledge(args.out / "knowledge", sample, MiniLm(threads=2))
    prompts = PromptBook.load(ROOT / "prompts" / "embedded")
    builder = Builder(base, prompts)
    asked = [*asked_of_medquad(sample), *asked_of_pages()]
    rows = training_rows(builder, asked, args.rows + VALIDATION)
    held = [
        {"id": a.id, "question": a.question, "doc": a.doc, "reference": a.reference,
         "source": a.source, "lang": "en"}
        for a in asked if a.split == "test"
    ]  # fmt: skip
    write(
        args.out, "salus-embedded-choose",
        {"train.jsonl": rows[VALIDATION:], "val.jsonl": rows[:VALIDATION], "test.jsonl": held},
        {"medquad_sha256": hashlib.sha256(args.medquad.read_bytes()).hexdigest(),
         "prompt": prompts.version, "focuses": EVERYDAY + RARE, "held_back_focuses": HELD_BACK},
    )  # fmt: skip
    print(f"{len(rows)} rows, {len(held)} held-back questions, dropped: {dict(builder.dropped)}")
    base.close()


if __name__ == "__main__":
    main()
