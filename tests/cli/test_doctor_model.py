"""What ``salus doctor`` says of a model server, on the wire-level fake."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.cli import doctor, model_server
from bot.generation import probe
from bot.generation.openai_compat import Endpoint
from bot.model import Lang
from bot.settings import load
from tests.fakes.model_adapters import FakeAdapters
from tests.fakes.model_server import FakeModelServer
from tests.fakes.model_server import model_server as fake_server

WORDS = "word " * 400


async def told(
    folder: Path, lang: Lang = "en", **server: object
) -> tuple[dict[str, model_server.Line], FakeModelServer]:
    """The lines for a server set up like this, by name."""
    given: dict[str, object] = {"text": WORDS, "pause_s": 0.002} | server
    async with fake_server(**given) as fake:
        endpoint = Endpoint(url=fake.url, first_token_s=4, total_s=8)
        seen = await probe.look(endpoint, folder)
        settings = load({"SALUS_DATA_DIR": str(folder)})
        found = model_server.lines(seen, settings, lang)
        return {line.name.removeprefix("model."): line for line in found}, fake


def is_empty(folder: Path) -> bool:
    """Nothing lies in it."""
    return not any(folder.iterdir())


async def test_a_server_set_up_as_described_needs_nothing(tmp_path: Path) -> None:
    """Everything that can be seen is well; what cannot is said to be so; nothing stays behind."""
    lines, fake = await told(tmp_path)
    assert {name for name, line in lines.items() if line.state != "ok"} == set()
    assert [name for name, line in lines.items() if line.mend] == ["queue"]
    assert "rank 16" in lines["lora_rank"].detail
    assert "8192" in lines["context"].detail
    assert not fake.loras.paths
    assert fake.running == 0
    assert is_empty(tmp_path)


@pytest.mark.parametrize(
    ("server", "line", "state", "mend"),
    [
        ({"context": 2048}, "context", "fail", "--max-model-len 3400"),
        ({"mode": "abort"}, "finish", "fail", ""),
        ({"mode": "no_finish"}, "finish", "fail", ""),
        ({"tells_usage": False}, "usage", "warn", "--enable-force-include-usage"),
        ({"forgets_to_abort": True}, "abort", "fail", "proxy_ignore_client_abort"),
        ({"priorities": False}, "priority", "warn", "--scheduling-policy priority"),
        ({"version": "0.20.1"}, "version", "warn", "0.32"),
        ({"version": ""}, "version", "warn", ""),
        ({"owned_by": "someone"}, "server", "warn", "deploy/README.md"),
        ({"loras": FakeAdapters(changeable=False, enabled=False)}, "lora_changes", "warn",
         "VLLM_ALLOW_RUNTIME_LORA_UPDATING=1"),
        ({"loras": FakeAdapters(enabled=False)}, "lora", "warn", "--enable-lora"),
        ({"loras": FakeAdapters(max_rank=8)}, "lora_rank", "warn", "--max-lora-rank 16"),
        ({"loras": FakeAdapters(most=1)}, "lora_slots", "warn", "--max-loras"),
    ],
)  # fmt: skip
async def test_what_is_missing_is_named_with_its_mend(
    tmp_path: Path, server: dict[str, object], line: str, state: str, mend: str
) -> None:
    """Each thing a server can lack has its own line, and the line says what to change."""
    lines, _ = await told(tmp_path, **server)
    assert lines[line].state == state
    assert mend in lines[line].mend


async def test_the_lines_are_in_chinese_too(tmp_path: Path) -> None:
    """The same server, the same verdicts, in the other language."""
    lines, _ = await told(tmp_path, "zh", context=2048)
    assert lines["context"].detail == "上下文只有 2048 个词元，需要 3400"
    assert "SALUS_CONTEXT_TOKENS" in lines["context"].mend


async def test_doctor_as_an_operator_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A served model gets its lines in the whole report; a fault makes the exit code 1."""
    async with fake_server(text=WORDS, pause_s=0.002, context=1024) as fake:
        monkeypatch.setenv("SALUS_MODEL_URL", fake.url)
        monkeypatch.setenv("SALUS_MODEL_FIRST_TOKEN_S", "60")  # the first one loads the client
        settings = load()
        found = await doctor._model(settings)
    assert found[0].detail.endswith("fake-model")
    assert {"model.context", "model.abort", "model.lora"} <= {finding.name for finding in found}
    assert doctor._tell(found, as_json=False) == 1
    out = capsys.readouterr().out
    assert "only 1024 tokens of context" in out
    assert "→ start it with --max-model-len" in out


async def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Nobody listening: one warning with its mend, since answers still come."""
    settings = load({"SALUS_MODEL_URL": "http://127.0.0.1:9/v1", "SALUS_DATA_DIR": str(tmp_path)})
    (finding,) = await doctor._model(settings)
    assert finding.state == "warn"
    assert "SALUS_MODEL_URL" in finding.mend
