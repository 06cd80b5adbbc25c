"""Other embedding models and stores as settings: a served model, a Chroma server, a change of
model that makes a new version while the old one answers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag import models
from rag.embed import Embedders
from rag.library import Knowledge
from rag.served import ServedEmbedder
from rag.types import EmbedderDownError, IndexCorruptError, ModelMissingError, RetrievalError
from rag.vectors import ChromaServer, ExactBackend
from tests.rag.support import HashEmbedder, Open

QUESTION = "how much salt is too much?"


class Bilingual(HashEmbedder):
    """Another model than HashEmbedder, for both languages; it can be made to wait."""

    name = "hash-both"

    def __init__(self) -> None:
        super().__init__()
        self.may_go = threading.Event()
        self.may_go.set()

    def batches(self, texts):
        """As the parent, once it may go."""
        for batch in super().batches(texts):
            assert self.may_go.wait(30)
            yield batch


class Served(ThreadingHTTPServer):
    """A fake of /v1/embeddings over HashEmbedder; ``broken`` answers nonsense."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked: list[dict[str, object]] = []
        self.keys: list[str] = []
        self.broken = False

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Answer(BaseHTTPRequestHandler):
    server: Served

    def do_POST(self) -> None:
        """Vectors out of order, of any length, as a server may give them."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers.get("Authorization", ""))
        reader = HashEmbedder()
        rows = [
            {"index": i, "embedding": (3 * reader.query(text)).tolist()}
            for i, text in enumerate(body["input"])
        ]
        answer = {"data": rows[:-1] if self.server.broken else rows[::-1]}
        self.send_response(200 if self.path == "/v1/embeddings" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Served]:
    """A fake embeddings server on loopback."""
    made = Served()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_a_served_model_gives_unit_vectors_in_order(server: Served) -> None:
    """Whatever order and length the server gives, and the key goes with every request."""
    reader = ServedEmbedder(server.url, "BAAI/bge-m3", "secret")
    plain = HashEmbedder()
    texts = [f"word{i}" for i in range(70)]
    found = {p: v for places, vectors in reader.batches(texts)
             for p, v in zip(places, vectors, strict=True)}  # fmt: skip
    for place, text in enumerate(texts):
        assert found[place] == pytest.approx(plain.query(text), abs=1e-5)
    assert reader.dimensions == 64
    assert reader.query("salt") is reader.query("salt")
    assert set(server.keys) == {"Bearer secret"}
    assert {body["model"] for body in server.asked} == {"BAAI/bge-m3"}
    assert len(ServedEmbedder(server.url, "m" * 200).name) <= 64


def test_a_wrong_answer_or_none_is_named(server: Served) -> None:
    """Too few vectors, or no server, raise the named error."""
    reader = ServedEmbedder(server.url, "m")
    server.broken = True
    with pytest.raises(EmbedderDownError, match="1 vectors wanted"):
        reader.query("salt")
    with pytest.raises(EmbedderDownError, match="no vectors"):
        ServedEmbedder(f"http://127.0.0.1:{free_port()}/v1", "m").query("salt")


def test_a_served_model_reads_both_languages_and_may_go_away(
    server: Served, pages: Path, tmp_path: Path
) -> None:
    """Both languages share one space; when the server stops answering, words still find."""
    shared = ServedEmbedder(server.url, "m")
    embedders = Embedders(en=shared, zh=shared, near=HashEmbedder())
    knowledge = Knowledge.open(
        tmp_path / "kb", pages_dir=pages, embedder=embedders, backend=ExactBackend()
    )
    try:
        index = knowledge.searcher().index
        assert index.spaces["en"] is index.spaces["zh"]
        assert index.vectored == 15
        assert knowledge.search("吃多少盐算多？").hits[0].passage.doc == "zh/salt"
        server.broken = True
        assert knowledge.search(QUESTION).hits[0].passage.doc == "en/salt"
        assert knowledge.search("酱油含盐多吗？").hits[0].passage.doc == "zh/salt"
    finally:
        knowledge.close()


def test_another_model_makes_another_version(open_knowledge: Open, pages: Path) -> None:
    """The new version is in the new vectors, the old one is kept as it was, the log says so."""
    first = open_knowledge(pages)
    old = first.version
    answer = first.search(QUESTION)
    first.close()
    both = Bilingual()
    second = open_knowledge(pages, embedder=Embedders(en=both, zh=both))
    assert second.version != old
    assert {g.version: (g.status, g.model) for g in second.generations()} == {
        second.version: ("published", "hash-both"),
        old: ("retired", "hash-64"),
    }
    assert next((e.action, e.version) for e in second.desk().log()) == ("model", second.version)
    assert second.search(QUESTION).hits[0].passage.id == answer.hits[0].passage.id
    assert second.check() == []
    with pytest.raises(ModelMissingError, match="hash-64"):
        second.search(QUESTION, version=old)
    again = open_knowledge(pages, embedder=Embedders(en=both, zh=both))
    assert again.version == second.version


def test_the_old_version_answers_while_the_new_one_is_made(
    open_knowledge: Open, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Embedding anew blocks nobody; the switch is one step; another process is not disturbed."""
    before = Embedders(en=HashEmbedder())
    elsewhere = open_knowledge(pages, embedder=before)
    old = elsewhere.search(QUESTION).version
    monkeypatch.setattr(models, "known", lambda name: before if name == "hash-64" else None)
    both = Bilingual()
    both.may_go.clear()
    knowledge = open_knowledge(pages, embedder=Embedders(en=both, zh=both), meanwhile=True)
    assert knowledge._renewing is not None
    assert not knowledge._renewing.wait(0.2)
    during = knowledge.search(QUESTION)
    assert (during.version, during.hits[0].passage.doc) == (old, "en/salt")
    both.may_go.set()
    assert knowledge._renewing.wait(30)
    after = knowledge.search(QUESTION)
    assert after.version == knowledge.version != old
    assert after.hits[0].passage.doc == "en/salt"
    assert knowledge.search(QUESTION, version=old).hits == during.hits
    monkeypatch.setattr(models, "known", lambda _name: None)
    elsewhere.look_again()
    assert elsewhere.search(QUESTION).version == old  # it does not know the new model


def test_closing_stops_the_embedding_and_the_next_start_goes_on(
    open_knowledge: Open, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was embedded before the close is not embedded again."""
    before = Embedders(en=HashEmbedder())
    open_knowledge(pages, embedder=before).close()
    monkeypatch.setattr(models, "known", lambda name: before if name == "hash-64" else None)
    both = Bilingual()
    both.may_go.clear()
    knowledge = open_knowledge(pages, embedder=Embedders(en=both, zh=both), meanwhile=True)
    threading.Timer(0.3, both.may_go.set).start()
    knowledge.close()
    assert 0 < both.embedded < 15
    again = open_knowledge(pages, embedder=Embedders(en=both, zh=both))
    assert both.embedded <= 15 + 4  # at most the batch in hand was lost
    assert again.search(QUESTION).hits


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Chroma server process on loopback."""
    port, folder = free_port(), tmp_path_factory.mktemp("chroma")
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1",
               "--port", str(port), "--path", str(folder)]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until the port is open."""
    for _ in range(300):
        assert process.poll() is None, "the Chroma server ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the Chroma server did not start")


@pytest.mark.slow
def test_a_chroma_server_holds_the_vectors(
    chroma: str, open_knowledge: Open, pages: Path, tmp_path: Path
) -> None:
    """The same answers as the exact index; a lost collection is made again within one query; an
    old version's collection goes with it."""
    backend = ChromaServer(chroma)
    exact = open_knowledge(pages, data_dir=tmp_path / "exact")
    knowledge = open_knowledge(pages, backend=backend)
    name = f"kb-{knowledge.version}-en"
    wanted = [h.passage.id for h in exact.search(QUESTION).hits]
    assert [h.passage.id for h in knowledge.search(QUESTION).hits] == wanted
    client = backend._reached()
    assert client.get_collection(name).count() == 9
    client.delete_collection(name)
    assert [h.passage.id for h in knowledge.search(QUESTION).hits] == wanted
    assert client.get_collection(name).count() == 9
    backend.forget(f"{knowledge.version}-en")
    backend.forget(f"{knowledge.version}-en")  # gone already
    with pytest.raises(IndexCorruptError, match="has no"):
        backend.open(tmp_path, f"{knowledge.version}-en", tmp_path)


def test_a_chroma_server_that_is_away_is_named(tmp_path: Path) -> None:
    """Building says which server; forgetting lets it be."""
    backend = ChromaServer(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RetrievalError, match="is away"):
        backend.open(tmp_path, "x", tmp_path)
    backend.forget("x")
