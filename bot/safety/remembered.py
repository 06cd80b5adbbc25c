"""What was found out about the last texts, by a digest of each: the words are not kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
MOST = 1000


class Remembered(Generic[T]):
    """The results of one pure function of a text; the oldest go first. Threads may share it."""

    def __init__(self, most: int = MOST) -> None:
        """Nothing yet."""
        self._most = most
        self._found: dict[bytes, T] = {}
        self._guard = threading.Lock()

    def of(self, text: str, find: Callable[[str], T]) -> T:
        """What ``find`` says of ``text``, from memory when it was asked lately."""
        name = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
        known = self._found.get(name)
        if known is None:
            known = find(text)
            with self._guard:
                self._found[name] = known
                if len(self._found) > self._most:
                    del self._found[next(iter(self._found))]
        return known
