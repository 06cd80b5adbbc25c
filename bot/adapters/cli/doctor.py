"""``salus doctor``: what is configured, reachable or missing, and the mend for each."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, dataclass
from typing import Literal

from bot.adapters.cli import jsonl
from bot.errors import SalusError, SettingsError
from bot.settings import Settings, load
from rag.types import KnowledgeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. ``mend`` says what to do when it is not ``ok``."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    mend: str = ""


async def run(*, as_json: bool) -> int:
    """Look at everything and tell; 0 when nothing fails, 1 otherwise, 2 for bad settings."""
    try:
        settings = load()
    except SettingsError as error:
        return _tell([_settings_finding(error)], as_json=as_json) and 2
    findings = [
        Finding(name="settings", state="ok", detail=f"data folder {settings.data_dir}"),
        _python(),
        await asyncio.to_thread(_knowledge, settings),
        await _database(settings),
        *await _model(settings),
        _safety(),
        *await _platforms(settings),
    ]
    return _tell(findings, as_json=as_json)


def _settings_finding(error: SettingsError) -> Finding:
    mend = "correct or unset it; the README lists every setting"
    return Finding(name="settings", state="fail", detail=str(error), mend=mend)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(name="python", state="ok", detail=version)


def _knowledge(settings: Settings) -> Finding:
    from bot.app import open_knowledge

    try:
        knowledge = open_knowledge(settings)
    except KnowledgeError as error:
        return Finding(
            name="knowledge",
            state="fail",
            detail=str(error),
            mend="check that the data folder exists and can be written (SALUS_DATA_DIR)",
        )
    try:
        detail = f"version {knowledge.version}, {len(knowledge.list())} documents"
        return Finding(name="knowledge", state="ok", detail=detail)
    finally:
        knowledge.close()


async def _database(settings: Settings) -> Finding:
    from bot.deferred import DeferredStore

    store = DeferredStore(settings.resolved_database_url, settings.resolved_key_file)
    shown = _without_secret(settings.resolved_database_url)
    try:
        await store.opened()
        return Finding(name="database", state="ok", detail=shown)
    except SalusError as error:
        return Finding(
            name="database",
            state="fail",
            detail=f"{shown}: {error}",
            mend="check SALUS_DATABASE_URL, that the server runs, and that the folder is writable",
        )
    finally:
        await store.close()


async def _model(settings: Settings) -> list[Finding]:
    """Whether a model answers, and for a server whether it is set up as Salus needs it."""
    from bot.app import make_generator
    from bot.generation.embedded import packaged_model
    from bot.generation.openai_compat import OpenAICompatibleGenerator

    generator = make_generator(settings)
    if generator is None:
        detail = "none: answers are put together from the passages' own sentences"
        missing = settings.model != "off" and packaged_model() is None
        mend = "reinstall: the packaged model is missing" if missing else ""
        return [Finding(name="model", state="ok" if not mend else "warn", detail=detail, mend=mend)]
    where = settings.model_url or "embedded"
    served = isinstance(generator, OpenAICompatibleGenerator)
    try:
        name = await generator.warm()
        found = [Finding(name="model", state="ok", detail=f"{where}: {name}")]
        return found + (await _server(settings) if served else [])
    except SalusError as error:
        mend = "start the server, or check SALUS_MODEL_URL, SALUS_MODEL_NAME and the API key"
        if not served:
            mend = "reinstall the packaged model, or set SALUS_MODEL=off"
        detail = f"{where}: {error}; answers come from the passages until it is back"
        return [Finding(name="model", state="warn", detail=detail, mend=mend)]
    finally:
        await generator.close()


async def _server(settings: Settings) -> list[Finding]:
    """A line for each thing that Salus needs of a model server. Raises a ModelError."""
    from bot.adapters.cli import model_server
    from bot.app import model_endpoint
    from bot.generation import probe

    seen = await probe.look(model_endpoint(settings), settings.data_dir)
    lang = settings.lang or "en"
    return [
        Finding(name=line.name, state=line.state, detail=line.detail, mend=line.mend)
        for line in model_server.lines(seen, settings, lang)
    ]


def _safety() -> Finding:
    from bot.safety import Triage, check_data

    problems = check_data()
    if problems:
        return Finding(
            name="safety", state="fail", detail=problems[0], mend="see knowledge/safety/"
        )
    return Finding(name="safety", state="ok", detail=f"rules {Triage.load().version}")


async def _platforms(settings: Settings) -> list[Finding]:
    """A line for each chat platform that is configured."""
    from bot.adapters.cli import platforms

    return [
        Finding(
            name=seen.platform,
            state="fail" if seen.fault else "ok",
            detail=seen.detail,
            mend=seen.mend,
        )
        for seen in await platforms.look(settings)
    ]


def _without_secret(url: str) -> str:
    """A database URL without its password."""
    scheme, sign, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{sign}{user.split(':')[0]}:***@{host}"


def _tell(findings: list[Finding], *, as_json: bool) -> int:
    failed = any(finding.state == "fail" for finding in findings)
    if as_json:
        jsonl.emit({"ok": not failed, "findings": [asdict(finding) for finding in findings]})
        return int(failed)
    marks = {"ok": "✓", "warn": "!", "fail": "✗"}
    for finding in findings:
        print(f"{marks[finding.state]} {finding.name:<10} {finding.detail}")
        if finding.mend:
            print(f"  {'':<10} → {finding.mend}")
    return int(failed)
