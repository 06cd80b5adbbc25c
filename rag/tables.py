"""The tables of the knowledge database, the truth from which every index is derived.

A *generation* is a set of document revisions under a version id. Publishing switches the
one row whose status is ``published``; drafts and retired generations keep their members,
so that a change can be reviewed before and rolled back after. The open draft itself is the
list of changes in ``kb_changes``, laid over whatever is published.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

sources = Table(
    "kb_sources",
    metadata,
    Column("id", String(32), primary_key=True),  # hash of the four fields below
    Column("organisation", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("date", String(10), nullable=False),
)

documents = Table(
    "kb_documents",
    metadata,
    Column("rev", String(32), primary_key=True),  # hash of the content
    Column("doc", Text, nullable=False, index=True),
    Column("twin", Text, nullable=False),  # shared by translations of one page
    Column("lang", String(2), nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("reviewed", String(10), nullable=False),
    Column("licence", Text, nullable=False),
    Column("topics", Text, nullable=False),  # JSON list
    Column("source_ids", Text, nullable=False),  # JSON list of kb_sources.id, in mark order
    Column("origin", String(8), nullable=False),  # pages | added
    Column("path", Text, nullable=False),
)

chunks = Table(
    "kb_chunks",
    metadata,
    Column("rev", String(32), ForeignKey("kb_documents.rev"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("passage_id", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("marks", Text, nullable=False),  # JSON list of places in source_ids
    Column("embed_hash", String(32), nullable=False),  # "" when the chunk has no vector
    Index("ix_kb_chunks_passage_id", "passage_id"),
)

embeddings = Table(
    "kb_embeddings",
    metadata,
    Column("model", String(64), primary_key=True),
    Column("hash", String(32), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # little-endian float16
)

generations = Table(
    "kb_generations",
    metadata,
    Column("version", String(12), primary_key=True),
    Column("status", String(9), nullable=False),  # draft | published | retired
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Column("model", String(64), nullable=False),
    Column("documents", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
)

members = Table(
    "kb_members",
    metadata,
    Column("version", String(12), ForeignKey("kb_generations.version"), primary_key=True),
    Column("rev", String(32), ForeignKey("kb_documents.rev"), primary_key=True),
)

hidden = Table(  # shipped pages that an admin took out of this generation
    "kb_hidden",
    metadata,
    Column("version", String(12), ForeignKey("kb_generations.version"), primary_key=True),
    Column("doc", Text, primary_key=True),
)

changes = Table(
    "kb_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("action", String(6), nullable=False),  # add | remove
    Column("doc", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("rev", String(32), nullable=False),  # "" for a removal
    Column("who", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

people = Table(
    "kb_people",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(8), nullable=False),  # editor | reviewer | admin
    Column("added_at", DateTime(timezone=True), nullable=False),
    Column("added_by", Text, nullable=False),
)

reviews = Table(
    "kb_reviews",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", String(12), nullable=False, index=True),  # what exactly was looked at
    Column("name", Text, nullable=False),
    Column("verdict", String(7), nullable=False),  # approve | reject
    Column("note", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

log = Table(
    "kb_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("who", Text, nullable=False),
    Column("action", String(12), nullable=False),
    Column("version", String(12), nullable=False),  # active afterwards, or the draft
    Column("before", String(12), nullable=False),  # active before, "" when that did not change
    Column("detail", Text, nullable=False),  # JSON object
)

credentials = Table(  # who can sign in to the admin page; roles are in kb_people
    "kb_credentials",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("password", Text, nullable=False),  # scrypt$n$r$p$salt$hash
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

invites = Table(
    "kb_invites",
    metadata,
    Column("ref", String(64), primary_key=True),  # SHA-256 of the one-time code
    Column("name", String(64), nullable=False, index=True),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
)

sessions = Table(
    "kb_sessions",
    metadata,
    Column("ref", String(64), primary_key=True),  # SHA-256 of the token in the cookie
    Column("name", String(64), nullable=False, index=True),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

tries = Table(  # wrong passwords, by SHA-256 of the name, known or not
    "kb_tries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ref", String(64), nullable=False, index=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

state = Table(
    "kb_state",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)
