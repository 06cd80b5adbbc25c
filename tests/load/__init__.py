"""Steady load on the whole of Salus over the wire: ``python -m tests.load``, ``make bench-load``.

mix.py      who is there and what they say, as a seeded stream
outside.py  Telegram and the model server as Salus sees them, cheap enough to share its cores
figures.py  what a run showed, and the table of it
drive.py    starts ``salus run``, offers the load, counts
"""
