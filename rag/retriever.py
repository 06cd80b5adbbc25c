"""One question against one opened index: understand, rank, choose, judge."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from rag import fuse, judge, opposites
from rag.fuse import Ranked, Weights
from rag.query import Query, Speller, WordLists, understand
from rag.sections import Sections
from rag.types import EmbedderDownError, Hit, IndexCorruptError, Lang, Passage, SearchResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.embed import BatchEmbedder, Embedders, Vectors
    from rag.explain import Explanation
    from rag.index import LoadedIndex
    from rag.store import KnowledgeStore

    Ints = NDArray[np.int64]

PER_DOCUMENT = 3  # passages of one document in one result
KEPT_PASSAGES = 1000  # in memory, about 2 KiB each
AROUND = 2  # hits whose neighbours are brought along
BESIDE = 0.8  # what a neighbour counts of its hit's score
LONGEST = 2000  # characters of a question that are read


def embedded(embedders: Embedders, query: Query) -> dict[Lang, Vectors]:
    """The vectors of a question, by the language of the texts they are to be compared with.

    A Chinese question reaches English text through its gloss, unless one embedder reads both.
    Nothing when the server that embeds does not answer.
    """
    try:
        return _embedded(embedders, query)
    except EmbedderDownError as error:
        logging.getLogger(__name__).warning("searching by words alone: %s", error)
        return {}


def _embedded(embedders: Embedders, query: Query) -> dict[Lang, Vectors]:
    if embedders.shared:
        vector = embedders.en.query(query.text) if query.text.strip() else None
        return {} if vector is None else dict.fromkeys(("en", "zh"), vector)
    asked: dict[Lang, tuple[BatchEmbedder, str]] = {"en": (embedders.en, query.text)}
    if query.lang == "zh":
        asked = {"en": (embedders.en, query.english)}
        if embedders.zh is not None:
            asked["zh"] = embedders.zh, query.text
    asked = {lang: (model, text) for lang, (model, text) in asked.items() if text.strip()}
    if len(asked) < 2:
        return {lang: model.query(text) for lang, (model, text) in asked.items()}
    with ThreadPoolExecutor(len(asked)) as side:  # by side: two models, two cores
        made = {lang: side.submit(model.query, text) for lang, (model, text) in asked.items()}
        return {lang: vector.result() for lang, vector in made.items()}


class Searcher:
    """Searches one loaded version; several threads may share it."""

    def __init__(
        self,
        index: LoadedIndex,
        store: KnowledgeStore,
        embedders: Embedders,
        lists: WordLists,
        speller: Speller | None = None,
        weights: Weights | None = None,
        sections: Sections | None = None,
    ) -> None:
        """``weights`` None: the tuned ones. ``sections``: what knows headings already."""
        self.index = index
        self._store = store
        self.embedders = embedders
        self._lists = lists
        self._speller = speller
        self._weights = weights or Weights()
        self.sections = sections or Sections(embedders.en)
        self._guard = threading.Lock()
        self._passages: dict[str, Passage] = {}
        self._running = 0
        self._retired = False

    def search(self, text: str, lang: Lang | None = None, limit: int = 8) -> SearchResult:
        """The best passages, at most three of one document, and the judgement about them."""
        self._enter()
        try:
            query, ranked = self.rank(text, lang)
            chosen = self._choose(ranked, limit)
            sure = judge.confidence(query.lang, ranked.cosine, ranked.matched, self.known(query))
            sure = sure if chosen else 0.0
            hits = self._hits(ranked, chosen)
            return SearchResult(
                hits=hits,
                around=self._around(ranked, chosen, hits),
                ending=self._ending(ranked, chosen, hits),
                relevant=sure >= judge.RELEVANT,
                confidence=sure,
                version=self.index.version,
            )
        finally:
            self._leave()

    def rank(self, text: str, lang: Lang | None = None) -> tuple[Query, Ranked]:
        """The understood question and all candidates, best first."""
        query, _, ranked = self._ranked(text, lang)
        return query, ranked

    def explain(self, text: str, lang: Lang | None = None, limit: int = 8) -> Explanation:
        """What ``search`` would find, and why; see rag.explain."""
        from rag.explain import Found, explain

        self._enter()
        try:
            query, vectors, ranked = self._ranked(text, lang)
            chosen = self._choose(ranked, limit)
            known = self.known(query)
            sure = judge.confidence(query.lang, ranked.cosine, ranked.matched, known)
            found = Found(
                query=query, vector=vectors.get("en"), ranked=ranked, chosen=tuple(chosen),
                hits=self._hits(ranked, chosen), confidence=sure if chosen else 0.0, known=known,
            )  # fmt: skip
            return explain(self.index, found, self._weights)
        finally:
            self._leave()

    def _ranked(self, text: str, lang: Lang | None) -> tuple[Query, dict[Lang, Vectors], Ranked]:
        query = understand(text[:LONGEST], lang, self._lists, self._speller)
        vectors = embedded(self.embedders, query)
        ranked = fuse.rank(self.index, query, vectors, self._weights)
        if query.lang == "en" and "en" in vectors and len(ranked.rows):
            rows = self.index.rows
            docs, headed = (x[ranked.rows].astype(np.int64) for x in (rows.doc, rows.section))
            ranked = self.sections.lift(ranked, docs, headed, vectors["en"], self._read)
        return query, vectors, opposites.behind(ranked, query.text, self._read)

    def _read(self, rows: Ints) -> list[Passage]:
        ids = [self.index.rows.ids[row].decode() for row in rows]
        found = self._passages_of(ids)
        if len(found) != len(set(ids)):
            raise IndexCorruptError(f"the index of {self.index.version} names unknown passages")
        return [found[name] for name in ids]

    def shown(self, ranked: Ranked, limit: int) -> tuple[str, ...]:
        """The passage ids that ``search`` would show of a ranking."""
        rows = ranked.rows[self._choose(ranked, limit)].tolist()
        return tuple(self.index.rows.ids[row].decode() for row in rows)

    def known(self, query: Query) -> float:
        """Share of the question's content terms (by rarity) that the knowledge base knows."""
        words = self.index.words
        rarest = fuse.rare(words.rows)
        total = found = 0.0
        for term, weight in query.own.items():
            if weight == 1.0:
                rarity = words.rarity(term)
                total += rarity or rarest
                found += rarity
        return found / total if total else 0.0

    def retire(self) -> None:
        """Close the index as soon as no search is using it any more."""
        with self._guard:
            self._retired = True
            idle = self._running == 0
        if idle:
            self.index.close()

    def _enter(self) -> None:
        with self._guard:
            self._running += 1

    def _leave(self) -> None:
        with self._guard:
            self._running -= 1
            close = self._retired and self._running == 0
        if close:
            self.index.close()

    def _choose(self, ranked: Ranked, limit: int) -> list[int]:
        """Places in the ranking to show: best first, three of one document at most."""
        count: dict[int, int] = {}
        chosen: list[int] = []
        docs = self.index.rows.doc[ranked.rows].tolist()
        for place, doc in enumerate(docs):
            if len(chosen) >= limit:
                break
            if count.get(doc, 0) < PER_DOCUMENT:
                count[doc] = count.get(doc, 0) + 1
                chosen.append(place)
        return chosen

    def _around(self, ranked: Ranked, chosen: list[int], hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The neighbours of the best hits in their sections, unless they are hits already."""
        rows = self.index.rows
        shown = set(ranked.rows[chosen].tolist())
        score: dict[int, float] = {}
        for place, hit in zip(chosen[:AROUND], hits, strict=False):
            row = int(ranked.rows[place])
            section = np.flatnonzero(rows.section == rows.section[row])
            beside = section[np.abs(rows.position[section] - rows.position[row]) == 1]
            for near in beside.tolist():
                if near not in shown:
                    score.setdefault(near, BESIDE * hit.score)
        ids = {row: rows.ids[row].decode() for row in score}
        passages = self._passages_of(list(ids.values()))
        return tuple(
            Hit(passage=passages[ids[row]], score=worth, why={"beside": 1.0})
            for row, worth in score.items()
            if ids[row] in passages
        )

    def _ending(self, ranked: Ranked, chosen: list[int], hits: tuple[Hit, ...]) -> Hit | None:
        """How the best hit's document ends: its last section's first passage."""
        if not hits:
            return None
        rows = self.index.rows
        own = np.flatnonzero(rows.doc == rows.doc[int(ranked.rows[chosen[0]])])
        last = own[rows.section[own] == rows.section[own[np.argmax(rows.position[own])]]]
        first = int(last[np.argmin(rows.position[last])])
        found = self._passages_of([rows.ids[first].decode()])
        score = BESIDE * hits[0].score
        ends = (Hit(passage=p, score=score, why={"ending": 1.0}) for p in found.values())
        return next(ends, None)

    def _passages_of(self, ids: list[str]) -> dict[str, Passage]:
        """By id, as far as they are known. A version never changes, so what was read is kept."""
        with self._guard:
            found = {name: self._passages[name] for name in ids if name in self._passages}
        missing = [name for name in ids if name not in found]
        if not missing:
            return found
        read = self._store.passages(self.index.version, missing)
        with self._guard:
            self._passages |= read
            while len(self._passages) > KEPT_PASSAGES:
                del self._passages[next(iter(self._passages))]
        return found | read

    def _hits(self, ranked: Ranked, chosen: list[int]) -> tuple[Hit, ...]:
        return tuple(
            Hit(
                passage=passage,
                score=float(ranked.score[place]),
                why={
                    part: round(float(getattr(ranked, part)[place]), 4)
                    for part in ("dense", "words", "twin", "heading")
                },
            )
            for place, passage in zip(chosen, self._read(ranked.rows[chosen]), strict=True)
        )
