"""Which embedders there are: the packaged ones, and one that a server offers.

A knowledge version remembers by name what it was embedded with. ``known`` gives the packaged
ones by that name, so that an older version can be asked after the model was changed.
"""

from __future__ import annotations

from rag import e5
from rag.embed import MODEL_NAME, Embedders, MiniLm
from rag.served import ServedEmbedder

BOTH = f"{MODEL_NAME}+{e5.MODEL_NAME}"


def packaged(*, cache: int = 256) -> Embedders:
    """MiniLM for English and, where its package is installed, e5 for Chinese."""
    return Embedders(en=MiniLm(cache=cache), zh=e5.E5Small(cache=cache) if e5.installed() else None)


def served(url: str, model: str, api_key: str = "") -> Embedders:
    """One model of a server for both languages; likeness is still measured by the packaged one,
    on whose values limits elsewhere rest."""
    reader = ServedEmbedder(url, model, api_key)
    return Embedders(en=reader, zh=reader, near=MiniLm())


def known(name: str) -> Embedders | None:
    """The packaged embedders of that name; None for a name of something else."""
    if name == MODEL_NAME:
        return Embedders(en=MiniLm())
    return packaged() if name == BOTH and e5.installed() else None
