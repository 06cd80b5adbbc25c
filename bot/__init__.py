"""Salus: adapters, dialogue, safety, metrics, grounding, model client and store."""

__version__ = "0.1.0"
