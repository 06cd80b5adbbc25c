"""Writes the encoder as an ONNX graph over the 4-bit weights, as bytes for onnxruntime.

Built anew at every start (0.1 s) instead of kept in a file, so that there is no cache to go
stale. The weights stay 4-bit: ``MatMulNBits`` reads blocks of 32 with a scale, as they are
packed, and quantises what it multiplies with them to 8 bits per block. ONNX is a protobuf of
few message types; writing them takes less than the package that would do it.

Input ``x`` float [n, length, hidden], the embeddings of the pieces with their places; input
``mask`` int32 [n, length], 1 where there is a piece. Output ``y``, as ``x``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from rag.e5.weights import BLOCK, Weights, nibbles, scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOAT, _UINT8, _INT32 = 1, 2, 6  # TensorProto.DataType
_KINDS = {"float32": _FLOAT, "uint8": _UINT8}
_OURS = "com.microsoft"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _attribute(name: str, value: float) -> bytes:
    """AttributeProto: an integer or a float."""
    if isinstance(value, int):
        return _part(1, name) + _number(3, value) + _number(20, 2)
    raw = np.float32(value).tobytes()
    return _part(1, name) + _varint(2 << 3 | 5) + raw + _number(20, 1)


def _tensor(name: str, values: NDArray[np.float32] | NDArray[np.uint8]) -> bytes:
    """TensorProto with raw data."""
    dims = b"".join(_number(1, size) for size in values.shape)
    kind = _number(2, _KINDS[values.dtype.name])
    return dims + kind + _part(8, name) + _part(9, values.tobytes())


def _value(name: str, kind: int, dims: Iterable[int | str]) -> bytes:
    """ValueInfoProto of a tensor; a text names a free dimension."""
    shape = b"".join(_part(1, _number(1, d) if isinstance(d, int) else _part(2, d)) for d in dims)
    return _part(1, name) + _part(2, _part(1, _number(1, kind) + _part(2, shape)))


class _Graph:
    """Collects nodes and tensors."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def keep(self, name: str, values: NDArray[np.float32] | NDArray[np.uint8]) -> str:
        self._tensors.append(_part(5, _tensor(name, values)))
        return name

    def node(
        self, kind: str, inputs: Iterable[str], outputs: str | Iterable[str], domain: str = "",
        **attributes: float,
    ) -> str:  # fmt: skip
        made = [outputs] if isinstance(outputs, str) else list(outputs)
        body = b"".join(_part(1, name) for name in inputs)
        body += b"".join(_part(2, name) for name in made)
        body += _part(3, f"n{len(self._nodes)}") + _part(4, kind)
        body += b"".join(_part(5, _attribute(k, v)) for k, v in attributes.items())
        self._nodes.append(_part(1, body + (_part(7, domain) if domain else b"")))
        return made[0]

    def model(self, inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
        graph = b"".join(self._nodes) + _part(2, "e5") + b"".join(self._tensors)
        graph += b"".join(_part(11, i) for i in inputs) + b"".join(_part(12, o) for o in outputs)
        opsets = (("", 17), (_OURS, 1))
        heads = b"".join(_part(8, _part(1, name) + _number(2, v)) for name, v in opsets)
        return _number(1, 8) + _part(7, graph) + heads


def build(weights: Weights) -> bytes:
    """The model as bytes."""
    graph = _Graph()
    size, eps = weights.hidden, weights.epsilon
    norm = [graph.keep(f"ln.{p}", weights.floats(f"emb.ln.{p}")) for p in "wb"]
    x = graph.node("LayerNormalization", ["x", *norm], "x0", axis=-1 & (2**64 - 1), epsilon=eps)
    for layer in range(weights.layers):
        x = _layer(graph, weights, layer, x)
    graph.node("Identity", [x], "y")
    free: list[int | str] = ["n", "length"]
    return graph.model(
        [_value("x", _FLOAT, [*free, size]), _value("mask", _INT32, free)],
        [_value("y", _FLOAT, [*free, size])],
    )


def _layer(graph: _Graph, weights: Weights, layer: int, x: str) -> str:
    """One block of the encoder: attention and a two-layer network, each added and normalised."""
    here, size = f"l{layer}.", weights.hidden
    parts = [_multiply(graph, weights, here + name, x, size) for name in ("q", "k", "v")]
    met = graph.node(
        "MultiHeadAttention", [*parts, "", "mask"], here + "met", _OURS, num_heads=weights.heads
    )
    told = _multiply(graph, weights, here + "ao", met, size)
    x = _added(graph, weights, here + "aln", x, told)
    inner = _multiply(graph, weights, here + "fi", x, size)
    inner = graph.node("Gelu", [inner], here + "gelu", _OURS)
    told = _multiply(graph, weights, here + "fo", inner, weights.inner)
    return _added(graph, weights, here + "oln", x, told)


def _added(graph: _Graph, weights: Weights, name: str, x: str, y: str) -> str:
    """The sum of both, normalised."""
    norm = [graph.keep(f"{name}.{p}", weights.floats(f"{name}.{p}")) for p in "wb"]
    return graph.node("SkipLayerNormalization", [x, y, *norm], name, _OURS, epsilon=weights.epsilon)


def _multiply(graph: _Graph, weights: Weights, name: str, x: str, columns: int) -> str:
    """``x`` times a 4-bit matrix, plus its bias."""
    blocks = weights.blocks(name + ".w", columns)
    values = nibbles(blocks)
    packed = (values[..., 0::2] | values[..., 1::2] << 4).astype(np.uint8)
    inputs = [
        x,
        graph.keep(name + ".w", packed),
        graph.keep(name + ".s", scales(blocks).reshape(-1)),
        "",
        "",
        graph.keep(name + ".b", weights.floats(name + ".b")),
    ]
    return graph.node(
        "MatMulNBits", inputs, name, _OURS, K=columns, N=len(blocks), bits=4, block_size=BLOCK,
        accuracy_level=4,
    )  # fmt: skip
