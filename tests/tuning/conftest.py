"""The stores of tests/store, for what is built on them."""

from __future__ import annotations

from tests.store.conftest import db_file, keys, migrated, open_store, sql_store, url

__all__ = ["db_file", "keys", "migrated", "open_store", "sql_store", "url"]
