"""Grounding: every sentence shown rests on a reviewed passage or on a computed figure."""
