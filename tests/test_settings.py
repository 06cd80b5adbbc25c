"""Settings: read once, strict about names, clear about faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import load


def test_defaults_need_nothing() -> None:
    """An empty environment is enough to run."""
    settings = load({})
    assert settings.resolved_database_url == "sqlite:///.salus/salus.sqlite3"
    assert settings.resolved_key_file == Path(".salus/keys/salus.key")


def test_values_are_read_and_converted() -> None:
    """Strings become paths, numbers and tidy addresses."""
    settings = load(
        {
            "SALUS_DATA_DIR": "/data",
            "SALUS_MODEL_URL": "http://127.0.0.1:8000/v1/",
            "SALUS_MODEL_TOTAL_S": "9.5",
            "SALUS_COUNTRY": "gb",
            "SALUS_KEY_FILE": "/keys/k",
            "SALUS_DATABASE_URL": "postgresql://u:p@h/d",
            "OTHER": "ignored",
            "SALUS_LANG": "",
        }
    )
    assert settings.model_url == "http://127.0.0.1:8000/v1"
    assert settings.model_total_s == 9.5
    assert settings.country == "GB"
    assert settings.resolved_key_file == Path("/keys/k")
    assert settings.resolved_database_url == "postgresql://u:p@h/d"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SALUS_MODEL_URLS": "x"}, "did you mean SALUS_MODEL_URL"),
        ({"SALUS_ZZZ": "x"}, "unknown setting"),
        ({"SALUS_MODEL_URL": "localhost:8000"}, "SALUS_MODEL_URL"),
        ({"SALUS_MODEL_TOTAL_S": "soon"}, "SALUS_MODEL_TOTAL_S"),
        ({"SALUS_COUNTRY": "China"}, "SALUS_COUNTRY"),
        ({"SALUS_LANG": "fr"}, "SALUS_LANG"),
        ({"SALUS_EMBEDDING_URL": "http://here:8000/v1"}, "SALUS_EMBEDDING_MODEL"),
        ({"LANGSMITH_GATEWAY": "true"}, "LANGSMITH_GATEWAY"),
        ({"LANGCHAIN_TRACING_V2": "true"}, "LANGCHAIN_TRACING_V2"),
    ],
)
def test_faults_name_the_setting(environ: dict[str, str], told: str) -> None:
    """One line says which setting and what is wrong with it."""
    with pytest.raises(SettingsError, match=told):
        load(environ)


def test_a_file_fills_what_the_environment_leaves_open(tmp_path: Path) -> None:
    """The environment wins over the file; comments, blanks and other keys are fine."""
    file = tmp_path / "salus.env"
    file.write_text("# ours\n\nSALUS_LANG=zh\nSALUS_COUNTRY='cn'\nPATH=x\n")
    settings = load({"SALUS_ENV_FILE": str(file), "SALUS_LANG": "en"})
    assert (settings.lang, settings.country) == ("en", "CN")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """A line that is not KEY=value is pointed at."""
    file = tmp_path / "salus.env"
    file.write_text("SALUS_LANG=zh\nnonsense\n")
    with pytest.raises(SettingsError, match="line 2"):
        load({"SALUS_ENV_FILE": str(file)})


def test_secrets_do_not_show() -> None:
    """Printing the settings hides the key."""
    assert "hunter2" not in repr(load({"SALUS_MODEL_API_KEY": "hunter2"}))
