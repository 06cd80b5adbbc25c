"""The only reader of the environment: one frozen Settings, and an error for every unknown key.

Values come, strongest first, from ``SALUS_*`` in the environment, then from the file named by
``SALUS_ENV_FILE`` (default ``.env`` in the working folder, ``KEY=value`` lines).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.errors import SettingsError

ROOT = (
    Path(__file__).resolve().parents[1]
)  # the checkout or image: knowledge/ and prompts/ lie here
PREFIX = "SALUS_"
ENV_FILE_KEY = "SALUS_ENV_FILE"
# Tracing switches of libraries we use: each would send what people say to somebody else.
FOREIGN_TRACING = ("LANGSMITH_", "LANGCHAIN_TRACING", "LANGCHAIN_API_KEY", "LANGCHAIN_ENDPOINT")


def _http_url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _ws_url(value: str) -> str:
    if value and not value.startswith(("ws://", "wss://")):
        raise ValueError("must begin with ws:// or wss://")
    return value.rstrip("/")


def _host_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if value and not (host and port.isascii() and port.isdigit() and int(port) <= 65535):
        raise ValueError("must be an address and a port such as 127.0.0.1:8080")
    return value


def _country(value: str) -> str:
    if value and (len(value) != 2 or not value.isalpha()):
        raise ValueError("must be a two-letter country code such as US or CN")
    return value.upper()


class Settings(BaseModel):
    """What an operator can set. Every field is documented; the README table is made from here."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    data_dir: Path = Field(
        default=Path(".salus"), description="Folder for the database, the index and the key"
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the database; empty: SQLite in the data folder. "
        "PostgreSQL: postgresql://user:password@host/name",
    )
    key_file: Path | None = Field(
        default=None,
        description="Key that encrypts personal data; default keys/salus.key in the data folder. "
        "Keep it on another volume than the database",
    )
    model_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="",
        description="Base URL of an OpenAI-compatible server (vLLM), ending in /v1; "
        "empty: see `SALUS_MODEL`",
    )
    model_name: str = Field(default="", description="Model to ask for; empty: the server's first")
    model_replicas: str = Field(
        default="",
        description="Own addresses of the vLLM servers behind SALUS_MODEL_URL, with commas "
        "between, each ending in /v1; adapters are loaded on every one. Empty: SALUS_MODEL_URL",
    )
    model_api_key: SecretStr | None = Field(default=None, description="Key for the model server")
    model: Literal["auto", "embedded", "off"] = Field(
        default="auto",
        description="auto: the served model, without one the embedded model once it has weights "
        "trained for Salus; embedded: the embedded model as it is; off: never ask a model, answer "
        "from the passages alone",
    )
    model_adapter: Path | None = Field(
        default=None,
        description="Folder of LoRA weights for the embedded model (adapter.gguf, lineage.json), "
        "such as those made from your own people's thumbs; empty: the ones that come with Salus",
    )
    model_first_token_s: float = Field(
        default=8.0, gt=0, le=600, description="Seconds to wait for a model's first token"
    )
    model_total_s: float = Field(
        default=25.0, gt=0, le=600, description="Seconds a model may take for a whole answer"
    )
    context_tokens: int = Field(
        default=3000, ge=800, le=200_000, description="Token budget of one prompt"
    )
    telegram_token: SecretStr | None = Field(
        default=None, description="Bot token from BotFather; with it, salus run serves Telegram"
    )
    telegram_base_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="https://api.telegram.org",
        description="Bot API server, also one of your own",
    )
    telegram_webhook_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="", description="Public address for updates; empty: Salus polls"
    )
    telegram_webhook_secret: SecretStr | None = Field(
        default=None, description="Secret that Telegram sends with every webhook call"
    )
    telegram_webhook_port: int = Field(
        default=8443, ge=1, le=65535, description="Port to listen on behind your TLS proxy"
    )
    telegram_per_second: int = Field(
        default=30,
        ge=1,
        le=1000,
        description="Messages a second that Telegram takes from this bot in all: 30, or up to "
        "1000 where it was paid for",
    )
    discord_token: SecretStr | None = Field(
        default=None, description="Bot token; with it, salus run serves Discord"
    )
    discord_api_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="https://discord.com/api/v10", description="Discord REST API, also a proxy of it"
    )
    discord_gateway_url: Annotated[str, AfterValidator(_ws_url)] = Field(
        default="", description="Discord gateway (wss://…); empty: the one Discord names"
    )
    discord_metrics: bool = Field(
        default=False,
        description="Let people log and see their own values on Discord. Off: its developer policy "
        "restricts health data; read deploy/README.md before turning it on",
    )
    discord_message_content: bool = Field(
        default=False,
        description="Ask for the message-content intent; without it slash commands, mentions and "
        "direct messages work",
    )
    discord_shards: int = Field(
        default=0, ge=0, le=1000, description="Gateway connections; 0: as many as Discord advises"
    )
    transcription_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="",
        description="OpenAI-compatible server for voice messages, ending in /v1; empty: the voice "
        "extra if installed",
    )
    transcription_model: str = Field(default="", description="Speech model; empty: the default")
    transcription_api_key: SecretStr | None = Field(
        default=None, description="Key for the transcription server"
    )
    embedding_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="",
        description="OpenAI-compatible server for the vectors of the knowledge, ending in /v1, "
        "with a model that reads English and Chinese; empty: the packaged models",
    )
    embedding_model: str = Field(default="", description="Embedding model to ask that server for")
    embedding_api_key: SecretStr | None = Field(
        default=None, description="Key for the embedding server"
    )
    chroma_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="",
        description="Chroma server (chroma run) that holds the vectors; empty: in the data folder",
    )
    kb_hosts: str = Field(
        default="",
        description="Hosts that knowledge may be fetched from, with commas between; empty: none",
    )
    admin_listen: Annotated[str, AfterValidator(_host_port)] = Field(
        default="",
        description="Address the admin page listens on, such as 127.0.0.1:8080; empty: no page",
    )
    admin_url: Annotated[str, AfterValidator(_http_url)] = Field(
        default="",
        description="Address people reach the admin page at, behind your TLS proxy; for links and "
        "cookies. Needed unless it listens on this machine alone",
    )
    lang: Literal["", "en", "zh"] = Field(
        default="", description="Language to use when a message does not show one"
    )
    country: Annotated[str, AfterValidator(_country)] = Field(
        default="",
        description="Two-letter country for emergency numbers until a person says theirs",
    )
    tz: str = Field(default="", description="IANA time zone; empty: the machine's")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="How much is logged to standard error; never message text"
    )

    @property
    def resolved_database_url(self) -> str:
        """The database URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'salus.sqlite3'}"

    @property
    def resolved_key_file(self) -> Path:
        """Where the key lies."""
        return self.key_file or self.data_dir / "keys" / "salus.key"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings once. Raises SettingsError naming the key, the fault and the mend."""
    env = dict(os.environ if environ is None else environ)
    _refuse_foreign_tracing(env)
    file = Path(env.pop(ENV_FILE_KEY, ".env"))
    given = _read_file(file) | {k: v for k, v in env.items() if k.startswith(PREFIX)}
    _refuse_unknown(given)
    values = {k.removeprefix(PREFIX).lower(): v for k, v in given.items() if v != ""}
    try:
        return _consistent(Settings.model_validate(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {first['msg']}", name=name, fault=first["msg"]) from error


def _consistent(settings: Settings) -> Settings:
    """Refuse settings that only make sense together."""
    if settings.embedding_url and not settings.embedding_model:
        name = f"{PREFIX}EMBEDDING_MODEL"
        fault = f"{PREFIX}EMBEDDING_URL is set: say which of its models makes the vectors"
        raise SettingsError(f"{name}: {fault}", name=name, fault=fault)
    return settings


def _read_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        key, sign, value = line.partition("=")
        if not sign:
            fault = f"line {number} is not KEY=value"
            raise SettingsError(f"{path}: {fault}", name=str(path), fault=fault)
        if key.strip().startswith(PREFIX):
            found[key.strip()] = value.strip().strip("'\"")
    return found


def _refuse_unknown(given: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for key in sorted(set(given) - known):
        near = difflib.get_close_matches(key, known, n=1)
        fault = "unknown setting" + (f"; did you mean {near[0]}?" if near else "")
        raise SettingsError(f"{key}: {fault}", name=key, fault=fault)


def _refuse_foreign_tracing(env: Mapping[str, str]) -> None:
    for key in sorted(env):
        if key.startswith(FOREIGN_TRACING) and env[key].lower() not in {"", "false", "0"}:
            fault = "would send conversations to a tracing service; unset it"
            raise SettingsError(f"{key}: {fault}", name=key, fault=fault)
