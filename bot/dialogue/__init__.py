"""Decides what happens to a message; knows no transport, no SDK and no database."""
