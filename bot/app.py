"""The composition root: the only place where parts are made and put together.

Nothing is opened before it is needed: an emergency is answered while the database, the index
or the model is missing, and ``salus --help`` pays for none of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.deferred import DeferredRegistry, DeferredRetriever, DeferredStore
from bot.delivery.challenges import HeldChallenges
from bot.delivery.unit import UnitStore
from bot.dialogue.answering import Answerer
from bot.dialogue.challenges.room import Room
from bot.dialogue.curating.front import Curating
from bot.dialogue.manager import Defaults, DialogueManager
from bot.dialogue.relating import Relating
from bot.errors import SalusError, SettingsError, StoreError
from bot.generation.embedded import ADAPTER, CONTEXT_TOKENS, EmbeddedGenerator, packaged_model
from bot.generation.lora import VllmAdapters
from bot.generation.openai_compat import Endpoint, OpenAICompatibleGenerator
from bot.generation.prompts import PromptBook
from bot.grounding.check import Checker
from bot.grounding.lexicon import lexicon
from bot.i18n import LANGS
from bot.model import Lang, Platform, UserId
from bot.ports import Generator, Models, Transcriber
from bot.safety import Triage
from bot.safety.policy import load_policy
from bot.settings import PREFIX, ROOT, Settings
from bot.shelf import DeferredShelf, hosts_of
from bot.speech import NoTranscriber, make_transcriber
from bot.tuning.arms import Arms
from bot.tuning.registry import AdapterServer
from bot.tuning.serving import keep
from rag.types import KnowledgeError

if TYPE_CHECKING:
    from bot.examiner import Examiner
    from bot.store.sql import SqlStore
    from bot.tuning.workshop import Workshop
    from rag.embed import Embedders
    from rag.graph import Graph
    from rag.library import Knowledge
    from rag.vectors import VectorBackend

Progress = Callable[[int, int], None]
PAGES = ROOT / "knowledge" / "pages"
GRAPH = PAGES.parent / "graph"
PROMPTS = ROOT / "prompts" / "answer"
BRIEF_PROMPTS = ROOT / "prompts" / "embedded"  # what the embedded model's adapter was trained on


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything an adapter needs."""

    settings: Settings
    dialogue: DialogueManager
    store: DeferredStore
    retriever: DeferredRetriever
    generator: OpenAICompatibleGenerator | EmbeddedGenerator | None
    prompts: PromptBook
    transcriber: Transcriber = field(default_factory=NoTranscriber)
    adapter_server: AdapterServer | None = None

    async def keep_adapters(self, tell: Callable[[object], None]) -> None:
        """Put adapters back on model servers that were started anew; until cancelled."""
        if self.adapter_server is not None:
            await keep(DeferredRegistry(self.store), self.adapter_server, tell=tell)

    async def person(self, platform: Platform, external_id: str) -> UserId:
        """The person behind a platform's id; while the store is down, a stand-in."""
        try:
            return await self.store.user_for(platform, external_id)
        except StoreError:
            return UserId(f"{platform}:{external_id}")

    async def workshop(self) -> Workshop:
        """Where rated answers are reviewed before anything is learned from them."""
        knowledge = await self.retriever.knowledge()
        return make_workshop(self.settings, await self.store.opened(), knowledge)

    async def warm(self) -> None:
        """Load what the first question needs, ahead of it: loaded while others are being answered,
        libraries take many times as long (threads and the event loop wait for each other).

        Every part is tried, one after the other; then the first failure is raised.
        """
        parts: list[Callable[[], Awaitable[object]]] = [
            lambda: asyncio.to_thread(_read_rules),
            self.store.warm,
            self.retriever.warm,
            lambda: asyncio.to_thread(self.prompts.warm),
        ]
        if self.generator is not None:
            parts.append(self.generator.warm)
        failures: list[Exception] = []
        for part in parts:
            try:
                await part()
            except (SalusError, KnowledgeError) as error:
                failures.append(error)
        if failures:
            raise failures[0]


@asynccontextmanager
async def build(
    settings: Settings, *, progress: Progress | None = None
) -> AsyncGenerator[App, None]:
    """Wire the application and close it again."""
    store = DeferredStore(settings.resolved_database_url, settings.resolved_key_file)
    retriever = DeferredRetriever(
        lambda: open_knowledge(settings, progress=progress, meanwhile=True)
    )
    shelf = DeferredShelf(retriever, store, hosts_of(settings.kb_hosts))
    generator = make_generator(settings)
    prompts = _prompts(generator)
    answerer = _answerer(settings, retriever, generator, prompts, Arms(DeferredRegistry(store)))
    defaults = Defaults(lang=_default_lang(settings), country=settings.country)
    dialogue = DialogueManager(
        store=UnitStore(store),
        answerer=answerer,
        triage=Triage.load(),
        defaults=defaults,
        education_only=_education_only(settings),
        curating=Curating(UnitStore(store), shelf, operator()),
        relating=Relating(_graph),
        challenges=Room(HeldChallenges(store), settings.tz),
    )
    try:
        yield App(
            settings=settings,
            dialogue=dialogue,
            store=store,
            retriever=retriever,
            generator=generator,
            prompts=prompts,
            transcriber=make_transcriber(settings),
            adapter_server=make_adapter_server(settings),
        )
    finally:
        await store.close()
        if generator is not None:
            await generator.close()
        shelf.close()
        await asyncio.to_thread(retriever.close)


def _answerer(
    settings: Settings,
    retriever: DeferredRetriever,
    generator: Generator | None,
    prompts: PromptBook,
    models: Models,
) -> Answerer:
    """The answering path, for the dialogue and for its examination."""
    return Answerer(
        retriever=retriever,
        generator=generator,
        prompts=prompts,
        checker=Checker(),
        budget_tokens=None if _reads_little(generator) else _budget(settings),
        similarity=retriever.similarity,
        models=models,
    )


@asynccontextmanager
async def open_examiner(
    settings: Settings, *, progress: Progress | None = None
) -> AsyncGenerator[Examiner, None]:
    """The suites' way into the real dialogue, with the model that the settings name."""
    from bot.examiner import Examiner

    retriever = DeferredRetriever(lambda: open_knowledge(settings, progress=progress))
    generator = make_generator(settings)
    prompts = _prompts(generator)
    knowledge = await retriever.knowledge()
    try:
        yield Examiner(
            lambda models: _answerer(settings, retriever, generator, prompts, models),
            generator,
            Triage.load(),
            knowledge.passages,
        )
    finally:
        if generator is not None:
            await generator.close()
        await asyncio.to_thread(retriever.close)


@asynccontextmanager
async def open_workshop(
    settings: Settings, *, progress: Progress | None = None
) -> AsyncGenerator[Workshop, None]:
    """Where data sets are made from votes: the store and the kept knowledge versions."""
    store = DeferredStore(settings.resolved_database_url, settings.resolved_key_file)
    knowledge = await asyncio.to_thread(open_knowledge, settings, progress=progress)
    try:
        yield make_workshop(settings, await store.opened(), knowledge)
    finally:
        await store.close()
        await asyncio.to_thread(knowledge.close)


def make_workshop(settings: Settings, store: SqlStore, knowledge: Knowledge) -> Workshop:
    """The workshop over an open store and an open library."""
    from bot.dialogue.rebuilding import Rebuilder
    from bot.store.learning import SqlLessons
    from bot.tuning.deidentify import deidentified
    from bot.tuning.vocabulary import small_words
    from bot.tuning.workshop import Workshop

    def mask(text: str, own: Sequence[str]) -> str:
        return deidentified(text, known=small_words(PAGES / "en"), own=own)

    return Workshop(
        SqlLessons(store, mask),
        Rebuilder(
            PromptBook.load(PROMPTS), knowledge.passages, brief=PromptBook.load(BRIEF_PROMPTS)
        ),
        settings.data_dir / "tuning" / "datasets",
    )


def _graph() -> Graph:
    """The medical graph, read when it is first needed."""
    from rag.graph import load_graph

    return load_graph(GRAPH)


def open_knowledge(
    settings: Settings, *, progress: Progress | None = None, meanwhile: bool = False
) -> Knowledge:
    """Open (on first use: build) the knowledge library of the data folder.

    ``meanwhile``: after a change of the embedding model, answer from the old version while the
    new one is made.
    """
    from rag.library import Knowledge

    url = settings.database_url
    return Knowledge.open(
        settings.data_dir,
        pages_dir=PAGES,
        database_url=url if url.startswith(("postgres://", "postgresql://")) else None,
        progress=progress,
        embedder=_embedders(settings),
        backend=_vectors(settings),
        meanwhile=meanwhile,
    )


def _embedders(settings: Settings) -> Embedders | None:
    """The served embedding model when one is set; None for the packaged ones."""
    if not settings.embedding_url:
        return None
    from rag import models

    key = settings.embedding_api_key
    return models.served(
        settings.embedding_url, settings.embedding_model, key.get_secret_value() if key else ""
    )


def _vectors(settings: Settings) -> VectorBackend | None:
    """The Chroma server when one is set; None for the embedded store."""
    if not settings.chroma_url:
        return None
    from rag.vectors import ChromaServer

    return ChromaServer(settings.chroma_url)


def make_generator(settings: Settings) -> OpenAICompatibleGenerator | EmbeddedGenerator | None:
    """The served model when one is set, else the packaged one with our weights, else none.

    As it is packaged its words hardly ever pass the check: asking it would only delay the
    extractive answer, so it is asked only on request (SALUS_MODEL=embedded). Raises SettingsError
    for a folder of weights that has none.
    """
    if settings.model == "off":
        return None
    endpoint = model_endpoint(settings)
    if settings.model_url:
        return OpenAICompatibleGenerator(endpoint)
    if not packaged_model():
        return None
    generator = EmbeddedGenerator(endpoint, adapter=settings.model_adapter or ADAPTER)
    if settings.model_adapter and not generator.adapter:
        name = f"{PREFIX}MODEL_ADAPTER"
        fault = f"no adapter.gguf with its lineage.json in {settings.model_adapter}"
        raise SettingsError(f"{name}: {fault}", name=name, fault=fault)
    return generator if generator.adapter or settings.model == "embedded" else None


def model_endpoint(settings: Settings) -> Endpoint:
    """Where and how the model is asked."""
    return Endpoint(
        url=settings.model_url,
        model=settings.model_name,
        api_key=settings.model_api_key.get_secret_value() if settings.model_api_key else "none",
        first_token_s=settings.model_first_token_s,
        total_s=settings.model_total_s,
    )


def make_adapter_server(settings: Settings) -> VllmAdapters | None:
    """Where adapters are loaded; None without a served model."""
    if settings.model == "off" or not settings.model_url:
        return None
    given = settings.model_replicas or settings.model_url
    urls = [url.strip() for url in given.split(",") if url.strip()]
    return VllmAdapters(urls, api_key=model_endpoint(settings).api_key)


def operator() -> str:
    """Who sits at the terminal: the system's user."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):  # no such database, or a container's bare number
        getuid = getattr(os, "getuid", None)
        return f"uid-{getuid()}" if getuid else "local"


def _education_only(settings: Settings) -> frozenset[Platform]:
    """Where the platform's policy keeps values of people's bodies out, until the operator acts."""
    return frozenset() if settings.discord_metrics else frozenset({"discord"})


def _reads_little(generator: Generator | None) -> bool:
    """The embedded model with our adapter gets the short prompt that it was trained on."""
    return isinstance(generator, EmbeddedGenerator) and bool(generator.adapter)


def _read_rules() -> None:
    """The reviewed data behind refusals and checks, read once and kept."""
    load_policy()
    for lang in LANGS:
        lexicon(lang)


def _prompts(generator: Generator | None) -> PromptBook:
    """The prompt that the generator is asked with."""
    return PromptBook.load(BRIEF_PROMPTS if _reads_little(generator) else PROMPTS)


def _budget(settings: Settings) -> int:
    """The embedded model reads slowly: its prompt stays within a second or two of reading."""
    return settings.context_tokens if settings.model_url else min(1200, CONTEXT_TOKENS)


def _default_lang(settings: Settings) -> Lang:
    return "zh" if settings.lang == "zh" else "en"
