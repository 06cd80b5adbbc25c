"""The store: one contract on a fake, SQLite and PostgreSQL; and what only a disk can do."""
