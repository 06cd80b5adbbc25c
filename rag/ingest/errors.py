"""Why a file or an address could not be read, as one tree below ``KnowledgeError``.

    IngestError                  base; ``key`` names its sentence in ``bot/locales``
    ├── MissingFileError         there is no such file
    ├── UnreadableError          the system refuses to open it
    ├── UnsupportedError         a format that is not read
    ├── TooBigError              bigger than the limit
    ├── BombError                unpacks to far more than it weighs
    ├── TooManyPagesError        a PDF with more pages than the limit
    ├── TooDeepError             markup nested beyond the limit
    ├── EncryptedError           opens only with a password
    ├── TimeLimitError           took longer than the limit
    ├── MemoryLimitError         needed more memory than the limit
    ├── EncodingError            no text in an encoding we know
    ├── BrokenError              not what its name says, or damaged
    ├── UnsafeXmlError           declares entities
    ├── EmptyError               holds no text
    ├── LanguageError            in a language nothing here can answer in
    ├── TableError               a table without a column of answers
    ├── MetadataError            side-car or front matter that cannot be used
    ├── RowError                 one row or record cannot be used; its fault gives the key
    └── FetchError               an address could not be fetched
        ├── HostNotAllowedError  its host is not among the allowed ones
        ├── AddressError         malformed, or not http(s)
        ├── PrivateAddressError  leads into a private network
        ├── RedirectError        redirected too often or to nowhere
        ├── ContentTypeError     delivers a type that is not read
        └── FetchTimeoutError    did not answer in time

``details`` fill the placeholders of the sentence; the message is the same in English for a
developer. Sentences say nothing about where: that is the ``where`` of a ``Finding``.
"""

from __future__ import annotations

from rag.types import KnowledgeError


class IngestError(KnowledgeError):
    """Base of the tree. ``details`` fill the placeholders of the sentence behind ``key``."""

    key = "ingest.failed"
    says: str = "cannot be read"

    def __init__(self, **details: str) -> None:
        """Keep the details a person is shown; they must be those that ``says`` names."""
        super().__init__(self.says.format(**details))
        self.details = details


class MissingFileError(IngestError):
    """There is no such file."""

    key = "ingest.missing"
    says = "does not exist"


class UnreadableError(IngestError):
    """The system refuses to open it."""

    key = "ingest.unreadable"
    says = "cannot be read ({fault})"


class UnsupportedError(IngestError):
    """The format is not read."""

    key = "ingest.unsupported"
    says = "only {suffixes} files can be added"


class TooBigError(IngestError):
    """The file is bigger than the limit."""

    key = "ingest.too_big"
    says = "is {size} MB; at most {limit} MB are read"


class BombError(IngestError):
    """The file unpacks to far more than it weighs."""

    key = "ingest.bomb"
    says = "unpacks to far more than it weighs, as harmful files do"


class TooManyPagesError(IngestError):
    """The document has more pages than the limit."""

    key = "ingest.too_many_pages"
    says = "has {pages} pages; at most {limit} are read"


class TooDeepError(IngestError):
    """The markup is nested beyond the limit."""

    key = "ingest.too_deep"
    says = "is nested more than {limit} levels deep"


class EncryptedError(IngestError):
    """The document opens only with a password."""

    key = "ingest.encrypted"
    says = "is protected by a password"


class TimeLimitError(IngestError):
    """Reading took longer than the limit."""

    key = "ingest.time"
    says = "took longer than {seconds} s to read"


class MemoryLimitError(IngestError):
    """Reading needed more memory than the limit."""

    key = "ingest.memory"
    says = "needs more than {limit} MB of memory to read"


class EncodingError(IngestError):
    """The bytes are no text in an encoding we know."""

    key = "ingest.encoding"
    says = "is not UTF-8 text, nor GB 18030 or Windows-1252"


class BrokenError(IngestError):
    """The file is damaged or is not what its name says."""

    key = "ingest.broken"
    says = "is damaged or not a {kind} file"


class UnsafeXmlError(IngestError):
    """The XML declares entities, which no honest document of ours needs."""

    key = "ingest.unsafe_xml"
    says = "declares XML entities, which are not followed"


class EmptyError(IngestError):
    """There is no text in it."""

    key = "ingest.empty"
    says = "holds no text"


class LanguageError(IngestError):
    """The text is in a language that nothing here can answer in."""

    key = "ingest.language"
    says = "is in {language}; only English and Chinese can be used"


class TableError(IngestError):
    """No column of answers was recognised."""

    key = "ingest.table"
    says = "has no column of answers; name one answer (or text), found: {columns}"


class MetadataError(IngestError):
    """A side-car file or front matter cannot be used."""

    key = "ingest.metadata"
    says = "{field}: {fault}"


ROW_FAULTS = {
    "id": "id: is missing or empty",
    "id_type": "id: must be a text or a number",
    "answer": "answer: (or text) is missing or empty",
    "text": "{field}: must be a text",
    "url": "url: must be an http(s) address",
    "lang": "lang: must be en or zh",
    "surrogate": "holds half of a character (an unpaired surrogate)",
    "encoding": "is not UTF-8 text",
    "json": "is not JSON ({fault})",
    "object": "must be an object {{...}}",
    "long": "is longer than {limit} MB",
    "table": "cannot be read as a row of the table ({fault})",
}


class RowError(IngestError):
    """One row cannot be used; ``fault`` is a key of ``ROW_FAULTS``."""

    key = "ingest.row"

    def __init__(self, fault: str, /, **details: str) -> None:
        """The sentence is chosen by the fault."""
        self.says = ROW_FAULTS[fault]
        self.key = f"ingest.row.{fault}"
        super().__init__(**details)


class FetchError(IngestError):
    """An address could not be fetched."""

    key = "ingest.fetch"
    says = "could not be fetched ({fault})"


class HostNotAllowedError(FetchError):
    """The host is not among the allowed ones."""

    key = "ingest.host"
    says = "host {host} is not allowed; add it to {setting}"


class AddressError(FetchError):
    """The address is malformed or not http(s)."""

    key = "ingest.address"
    says = "is not a plain http(s) address"


class PrivateAddressError(FetchError):
    """The host leads into a private network."""

    key = "ingest.private"
    says = "host {host} leads to a private or reserved network address"


class RedirectError(FetchError):
    """Redirected too often, to nowhere, or from https to http."""

    key = "ingest.redirect"
    says = "redirects too often or to an address that cannot be used"


class ContentTypeError(FetchError):
    """The server delivers a type that is not read."""

    key = "ingest.content_type"
    says = "delivers {type}, which is not read"


class FetchTimeoutError(FetchError):
    """No (complete) answer within the time allowed."""

    key = "ingest.fetch_time"
    says = "did not deliver within {seconds} s"


def tree() -> dict[str, type[IngestError]]:
    """Every class of the tree by its name, as the reading process names them."""
    found: dict[str, type[IngestError]] = {}
    waiting: list[type[IngestError]] = [IngestError]
    while waiting:
        cls = waiting.pop()
        found[cls.__name__] = cls
        waiting += cls.__subclasses__()
    return found
