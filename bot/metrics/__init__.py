"""Metrics people log in plain words: reading, judging, summing up and saying them back."""
