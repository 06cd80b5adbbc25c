"""Keys and ciphers: a ring of keys outside the database, one data key per person inside it.

Every personal field is sealed with AES-256-GCM under its owner's data key (DEK). The data key
is stored wrapped by a key-encryption key (KEK) of the ring, which lies in a file that should
be on another volume than the database. The associated data of each seal names table, column,
row and person, so a ciphertext moved anywhere else no longer opens. Who somebody is outside
Salus is kept only as an HMAC-SHA256 under the ring's index key.

Key file: JSON, mode 0600. Ids are derived from the keys, so a damaged key is noticed::

    {"active": "<id>", "keys": {"<id>": "<base64, 32 bytes>"}, "index_active": ..., "index": ...}
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.errors import StoreKeyError, StoreReadOnlyError

KEY_BYTES = 32
NONCE_BYTES = 12  # random; safe for 2**32 seals per data key (NIST SP 800-38D, 8.3)
BLOCK = 64  # bodies are padded to this, so that a length does not tell a value
_VERSION = b"\x01"
_log = logging.getLogger(__name__)


class Sealed(bytes):
    """Ciphertext. The only thing a personal column takes (see tables.SealedType)."""

    __slots__ = ()


def seal(key: bytes, plain: bytes, *place: str) -> Sealed:
    """Encrypt ``plain`` for one ``place`` (table, column, row, person)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return Sealed(_VERSION + nonce + AESGCM(key).encrypt(nonce, plain, _bind(place)))


def unseal(key: bytes, sealed: bytes, *place: str) -> bytes:
    """Decrypt; StoreKeyError if the key is wrong or the bytes were changed or moved."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if sealed[:1] != _VERSION:
        raise StoreKeyError(f"unknown seal in {place[0]}")
    nonce, cipher = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, cipher, _bind(place))
    except (InvalidTag, ValueError) as error:
        raise StoreKeyError(f"a row of {place[0]} does not open with this key") from error


def _bind(place: tuple[str, ...]) -> bytes:
    return json.dumps(place).encode()  # JSON: no two places give the same bytes


@dataclass(frozen=True, slots=True)
class PersonCipher:
    """Seals and opens one person's bodies: JSON objects, padded, bound to table and row."""

    user: str
    dek: bytes = field(repr=False)

    def seal(self, body: Mapping[str, object], table: str, row: str) -> Sealed:
        """Seal ``body`` for the column ``body`` of one row."""
        plain = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        padded = plain.ljust(-(-len(plain) // BLOCK) * BLOCK)
        return seal(self.dek, padded, table, "body", row, self.user)

    def open(self, sealed: bytes, table: str, row: str) -> dict[str, object]:
        """The body that was sealed for this row; StoreKeyError if it was not."""
        body: dict[str, object] = json.loads(
            unseal(self.dek, sealed, table, "body", row, self.user)
        )
        return body


def new_cipher(user: str) -> PersonCipher:
    """A cipher with a fresh data key."""
    return PersonCipher(user, secrets.token_bytes(KEY_BYTES))


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"salus key id\0" + key).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys outside the database. ``path`` is None for a ring that is never written.

    ``active`` wraps new data keys and ``index_active`` marks new accounts; the other keys
    only open what was made under them.
    """

    active: str
    index_active: str
    keys: Mapping[str, bytes] = field(repr=False)
    index: Mapping[str, bytes] = field(repr=False)
    path: Path | None = None

    # --- making, reading, writing

    @classmethod
    def generate(cls, path: Path | None = None) -> KeyRing:
        """A fresh ring in memory; ``save`` writes it."""
        kek, index = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
        return cls(_key_id(kek), _key_id(index), {_key_id(kek): kek}, {_key_id(index): index}, path)

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a key file; StoreKeyError if it is missing, unreadable or damaged."""
        try:
            if path.stat().st_mode & 0o077:
                _log.warning("the key file can be read by others; mode 0600 is safer")
            found = json.loads(path.read_bytes())
            keys, index = _decoded(found["keys"]), _decoded(found["index"])
            ring = cls(found["active"], found["index_active"], keys, index, path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreKeyError("the key file is missing or damaged") from error
        if ring.active not in ring.keys or ring.index_active not in ring.index:
            raise StoreKeyError("the key file names a key that it does not hold")
        return ring

    @classmethod
    def load_or_create(cls, path: Path) -> KeyRing:
        """Read the key file, or make it; two processes that start together share one ring.

        Raises StoreKeyError for a damaged file, StoreReadOnlyError where none can be written.
        """
        if path.exists():
            return cls.load(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = cls.generate()._written_beside(path)
            try:
                os.link(part, path)  # unlike a rename, this never replaces another's keys
            except FileExistsError:
                pass
            finally:
                part.unlink()
        except OSError as error:
            raise StoreReadOnlyError("the key file cannot be written") from error
        return cls.load(path)

    def save(self) -> None:
        """Replace the key file in one step; StoreReadOnlyError if that fails."""
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._written_beside(self.path).replace(self.path)
        except OSError as error:
            raise StoreReadOnlyError("the key file cannot be written") from error

    def reloaded(self) -> KeyRing:
        """The ring as its file has it now (another process may have rotated it)."""
        return self if self.path is None else self.load(self.path)

    def _written_beside(self, path: Path) -> Path:
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        content = {
            "active": self.active,
            "keys": {k: base64.b64encode(v).decode() for k, v in self.keys.items()},
            "index_active": self.index_active,
            "index": {k: base64.b64encode(v).decode() for k, v in self.index.items()},
        }
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(content, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        return part

    # --- rotation: renewed().save(), SqlStore.rotate(renewed), pruned().save()

    def renewed(self) -> KeyRing:
        """With a fresh active KEK; the old ones stay until every data key is re-wrapped."""
        kek = secrets.token_bytes(KEY_BYTES)
        return replace(self, active=_key_id(kek), keys={**self.keys, _key_id(kek): kek})

    def pruned(self) -> KeyRing:
        """Only the active KEK. Index keys stay: an account moves over when it is next seen."""
        return replace(self, keys={self.active: self.keys[self.active]})

    def reindexed(self) -> KeyRing:
        """With a fresh index key for new accounts; old accounts are still found."""
        key = secrets.token_bytes(KEY_BYTES)
        return replace(self, index_active=_key_id(key), index={**self.index, _key_id(key): key})

    # --- use

    def wrap(self, cipher: PersonCipher) -> tuple[str, Sealed]:
        """The id of the active KEK and the data key wrapped by it, bound to the person."""
        sealed = seal(self.keys[self.active], cipher.dek, "users", "wrapped", cipher.user)
        return self.active, sealed

    def unwrap(self, user: str, key_id: str, wrapped: bytes) -> PersonCipher:
        """The person's cipher; StoreKeyError if the KEK is not on the ring or does not fit."""
        if key_id not in self.keys:
            raise StoreKeyError(f"key {key_id} is not on the ring")
        return PersonCipher(user, unseal(self.keys[key_id], wrapped, "users", "wrapped", user))

    def references(self, *parts: str) -> dict[str, str]:
        """Keyed HMACs of an outside identity, by index key id, the active one first."""
        order = [self.index_active, *(k for k in self.index if k != self.index_active)]
        return {k: hmac.new(self.index[k], _bind(parts), "sha256").hexdigest() for k in order}


def _decoded(found: Mapping[str, str]) -> dict[str, bytes]:
    keys = {name: base64.b64decode(text, validate=True) for name, text in found.items()}
    for name, key in keys.items():
        if len(key) != KEY_BYTES or _key_id(key) != name:
            raise binascii.Error("a key does not match its id")
    return keys
