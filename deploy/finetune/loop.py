"""The whole loop with simulated people: ``python -m deploy.finetune.loop``.

People chat with the real dialogue (knowledge, checks, database, registry) over the stand-in
model, and press thumbs. Two rounds of: review → data set (KTO) → training → gate → trial with a
share of people → everybody. Before and after, a panel that nobody learns from is asked on
questions that nobody learned from. Then a third round with poisoners (poisoning.py). Prints one
JSON object a seed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.dialogue.answering import Answerer
from bot.dialogue.manager import DialogueManager
from bot.dialogue.rebuilding import Rebuilder
from bot.examiner import Examiner
from bot.grounding.check import Checker
from bot.model import Feedback, Message, Place, Profile, Turn, UserId
from bot.ports import Models
from bot.safety import Triage
from bot.store import KeyRing, open_store
from bot.store.learning import SqlLessons
from bot.store.live import fared
from bot.store.registry import SqlRegistry
from bot.store.sql import SqlStore
from bot.tuning import exam
from bot.tuning.arms import Arms
from bot.tuning.cases import Case, fingerprint
from bot.tuning.compare import compare
from bot.tuning.dataset import Plan
from bot.tuning.gate import Gate, GateError, Side
from bot.tuning.moves import Moves
from bot.tuning.rated import Review
from bot.tuning.registry import in_state
from bot.tuning.sampling import Interval, paired
from bot.tuning.scoring import Answered
from bot.tuning.workshop import Workshop, plan_for
from deploy.finetune.poisoning import poisoned
from deploy.finetune.simulated import Person, people
from deploy.finetune.standin import BASE, StandIn, train
from deploy.finetune.world import Remembering, World, questions

GATE = Gate(
    target="panel.liked",
    at_least=0.0,
    margins={"grounded.held": 0.1, "grounded.precision": 0.02, "grounded.numbers": 0.02},
    floors={"grounded.precision": 0.9},
    sha256="simulated",
)
PANEL_ASKS = 12  # questions of each member
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Loop:
    """One population, one database, one model that changes."""

    def __init__(self, world: World, store: SqlStore, *, size: int, seed: int) -> None:
        """``size`` people a round, each with three questions."""
        self.world, self.store, self.size = world, store, size
        self.draw = random.Random(seed)
        self.model = StandIn(seed)
        self.registry = SqlRegistry(store)
        self.moves = Moves(self.registry, who="loop")
        self.arms = Arms(self.registry, clock=self._tick)
        self.rebuilder = Rebuilder(world.prompts, world.passages_of)
        self.lessons = SqlLessons(store, lambda text, _own: text)  # invented: no masks needed
        self.workshop = Workshop(self.lessons, self.rebuilder, world.folder / "sets")
        self.dialogue = DialogueManager(
            store=store, answerer=self._answerer(self.arms), triage=Triage.load()
        )
        self.now, self._ticks = NOON, 0.0
        self._sat: dict[str, dict[str, dict[str, float]]] = {}  # exams by adapter

    def _tick(self) -> float:
        self._ticks += 2.0  # every look at the registry is a fresh one
        return self._ticks

    def _answerer(self, models: Models) -> Answerer:
        return Answerer(
            retriever=self.world.retriever, generator=self.model, prompts=self.world.prompts,
            checker=Checker(), budget_tokens=1500, models=models,
        )  # fmt: skip

    async def chat(self, crowd: Sequence[Person], questions: Sequence[str], each: int = 3) -> float:
        """Everybody asks and votes; the share of thumbs that point up, poisoners left out."""
        thumbs = []
        for person in crowd:
            user = await self._known(person, frozenset({"learn"}))
            asked = self.draw.sample(list(questions), min(each, len(questions)))
            for number, text in enumerate(asked):
                chat = f"{person.name}-{number}"
                up = await self._asks(person, user, chat, text, self.draw, chat)
                if up is not None and not person.poisons:
                    thumbs.append(up)
        return share(thumbs)

    async def panel(self, when: str) -> dict[str, bool]:
        """The thumbs of people who never agreed to be learned from, on questions never learned
        from, by person and question.

        Every time the same people ask the same, and their luck is the same: only the answers
        differ, so two times compare in pairs.
        """
        thumbs = {}
        for person in people(self.world.panel, "panel", random.Random(77)):
            user = await self._known(person, frozenset())
            for text in random.Random(person.name).sample(
                list(self.world.unseen), min(PANEL_ASKS, len(self.world.unseen))
            ):
                key = f"{person.name}|{text}"
                up = await self._asks(person, user, f"{when}|{key}", text, random.Random(key), key)
                if up is not None:
                    thumbs[key] = up
        return thumbs

    async def _known(self, person: Person, consents: frozenset[str]) -> UserId:
        user = await self.store.user_for("console", person.name)
        await self.store.save_profile(Profile(user=user, consents=consents, greeted=True))
        return user

    async def _asks(
        self, person: Person, user: UserId, chat: str, text: str, draw: random.Random, luck: str
    ) -> bool | None:
        """Whether the answer got a thumb up; None: no answer of the model."""
        self.model.luck = luck
        self.now += timedelta(minutes=7)
        place = Place(platform="console", chat=chat)
        message = Message(user=user, place=place, text=text, sent_at=self.now)
        async with aclosing(self.dialogue.respond(message)) as replies:
            shown = [reply async for reply in replies]
        turn = await self.store.turn(user, shown[-1].turn) if shown[-1].turn else None
        if turn is None or turn.kind != "answer" or not turn.written:
            return None
        up = person.likes_it(turn.written, self._seen(turn), draw)
        await self.store.vote(
            Feedback(turn=turn.id, user=user, vote="up" if up else "down", at=self.now)
        )
        return up

    def _seen(self, turn: Turn) -> str:
        found = self.world.passages_of(turn.knowledge_version, turn.shown)
        return "\n".join(passage.text for passage in found.values())

    async def train(self, name: str, dataset: Path, parent: str) -> None:
        """Make and register an adapter."""
        start = self.world.folder / parent if parent else None
        out = train(dataset, self.world.folder / name, start, command="deploy.finetune.loop")
        await self.moves.add(out)
        self.model.load(out)

    async def gate(self, name: str) -> tuple[Path, bool]:
        """The exam on unseen questions, judged also by a panel that nobody learned from."""
        kept = await self.registry.adapters()
        active = in_state(kept, "active")
        (mine,) = (one for one in kept if one.name == name)
        cases = [
            Case(id=f"q{n}", suite="grounded", lang="en", say=(text,))
            for n, text in enumerate(self.world.unseen)
        ]
        runs = []
        for side in (
            Side(base=BASE, adapter=name, sha256=mine.sha256),
            Side(base=BASE, adapter=active.name, sha256=active.sha256)
            if active
            else Side(base=BASE),
        ):
            if side.adapter not in self._sat:
                self._sat[side.adapter] = await self._sit(cases, side.adapter)
            scores = self._sat[side.adapter]
            runs.append(exam.Run(side=side, suites_sha256=fingerprint(cases), scores=scores))
        report = exam.verdict(GATE, runs[0], runs[1], datetime.now(UTC))
        path = exam.write(self.world.folder / f"report-{name}", report, runs[0], runs[1])
        return path, report.passed

    async def _sit(self, cases: Sequence[Case], adapter: str) -> dict[str, dict[str, float]]:
        """The scores of one side, with the panel's thumbs among them, each the mean of several
        sittings: a question answered once says little about a model that draws."""
        panel = people(24, "panel", random.Random(99))
        liked: dict[str, float] = {}

        def judge(case: Case, answered: Answered) -> None:
            draw = random.Random(f"{case.id} {self.model.luck}")
            seen = "\n".join(passage.text for passage in answered.passages)
            likes = [one.likes_it(answered.alone, seen, draw) for one in panel]
            liked[case.id] = sum(likes) / len(likes)

        examiner = Examiner(self._answerer, self.model, Triage.load(), self.world.passages_of)
        total: dict[str, Counter[str]] = {case.id: Counter() for case in cases}
        for sitting in range(self.world.sittings):
            self.model.luck = f"sitting {sitting}"  # the same on both sides
            scores = await examiner.run(cases, adapter, note=judge)
            for id_, found in scores.items():
                total[id_].update(found | {"panel.liked": liked[id_]})
        return {
            id_: {measure: value / self.world.sittings for measure, value in found.items()}
            for id_, found in total.items()
        }

    async def review(self) -> dict[str, int]:
        """What a reviewer with the passages beside the answer decides about what waits.

        People differ in taste, which is no fault of a vote: where only that is against it, it
        is taken. Whoever stands out, or votes faster than one reads, goes on waiting.
        """
        told: Counter[str] = Counter()
        for one in await self.workshop.waiting():
            if set(one.reasons) == {"disagreement"}:
                await self.workshop.decide(one.lesson.id, Review(verdict="accept", by="reviewer"))
                told["accepted"] += 1
            else:
                told["left waiting"] += 1
        return dict(told)

    async def round(self, name: str, parent: str) -> dict[str, object]:
        """Chats → data → training → gate → trial → everybody."""
        told: dict[str, object] = {}
        told["liked_before"] = await self.chat(
            people(self.size, f"{name}-a", self.draw), self.world.learn_from
        )
        told["reviewed"] = await self.review()
        kept, built = await self.workshop.build(
            plan_for(Plan(name=f"set-{name}", kind="kto", key=""))
        )
        told["rows"], told["left_out"] = len(built.who), built.left_out
        await self.train(name, Path(kept.folders[0]), parent)
        report, told["gate_passed"] = await self.gate(name)
        try:
            await self.moves.promote(name, share=0.5, report=report, why="trial")
        except GateError as error:
            return told | {"refused": str(error)}
        since = self.now + timedelta(minutes=1)  # the panel's votes are none of the trial's
        await self.chat(people(self.size, f"{name}-b", self.draw), self.world.learn_from)
        found = compare(await fared(self.store, since=since), name, parent)
        told["trial"] = {"liked": asdict(found.liked) if found.liked else None}
        await self.moves.promote(name, share=None, report=report, why="for everybody")
        return told


def share(thumbs: Collection[bool]) -> float:
    """Of thumbs, those that point up."""
    return sum(thumbs) / max(len(thumbs), 1)


def gain(first: Mapping[str, bool], last: Mapping[str, bool]) -> Interval:
    """What the panel likes more than before, with its interval over people."""
    differences: dict[str, list[int]] = {}
    for key in sorted(set(first) & set(last)):
        differences.setdefault(key.split("|")[0], []).append(last[key] - first[key])
    return paired([sum(mine) / len(mine) for mine in differences.values()])


async def run(
    world: World, *, size: int, seed: int, rounds: int = 2, raters: int = 0
) -> dict[str, object]:
    """The loop on a fresh database; what was measured. ``raters``: in the poisoned round; 0: as
    many as ``size``, and at least twenty."""
    store = await open_store(f"sqlite:///{world.folder / 'loop.db'}", keys=KeyRing.generate())
    try:
        loop = Loop(world, store, size=size, seed=seed)
        told: dict[str, object] = {"people_a_round": size, "seed": seed}
        first = last = await loop.panel("first")
        told["liked_at_first"] = share(first.values())
        parent = ""
        for number in range(1, rounds + 1):
            found = await loop.round(f"r{number}", parent)
            active = in_state(await loop.registry.adapters(), "active")
            parent = active.name if active else ""
            last = await loop.panel(f"after {number}")
            style = {name: round(logit, 2) for name, logit in loop.model.styles[parent].items()}
            told[f"round_{number}"] = found | {"liked_after": share(last.values()), "style": style}
        told["liked_at_last"], told["answers"] = share(last.values()), (len(first), len(last))
        told["gain"] = asdict(gain(first, last))
        told["poisoned"] = await poisoned(loop, parent, raters or max(size, 20))
        return told
    finally:
        await store.close()


def main() -> None:
    """On the real knowledge and our consumer questions, half to learn from and half unseen."""
    from bot.app import PROMPTS, open_knowledge
    from bot.generation.prompts import PromptBook
    from bot.settings import load
    from rag.hybrid import HybridRetriever

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="one loop for each")
    parser.add_argument("--raters", type=int, default=0, help="in the poisoned round")
    given = parser.parse_args()
    rows = questions()
    knowledge = open_knowledge(load())
    retriever = Remembering(HybridRetriever(knowledge))
    try:
        for seed in given.seed:
            with tempfile.TemporaryDirectory(prefix="salus-loop-") as folder:
                world = World(
                    retriever=retriever, prompts=PromptBook.load(PROMPTS),
                    passages_of=knowledge.passages, learn_from=rows[:60],
                    unseen=rows[60:140], folder=Path(folder),
                )  # fmt: skip
                told = asyncio.run(run(world, size=given.people, seed=seed, raters=given.raters))
            sys.stdout.write(json.dumps(told, indent=1) + "\n")
            sys.stdout.flush()
    finally:
        knowledge.close()


if __name__ == "__main__":
    main()
