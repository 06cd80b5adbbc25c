"""Discord: the only room that knows discord.py.

config.py     what an operator sets
address.py    where a letter goes: a direct message, a channel, a whisper
api.py        what the library's errors mean to delivery; the breaker; quiet logs
client.py     discord.py's client, which hands us the gateway's events as they came
wire.py       the calls of an interaction's own token
events.py     raw messages and reactions as events; which of them concern us
taps.py       raw interactions as events: commands, presses, forms
render.py     spans as Discord markdown
buttons.py    rows of buttons, the form for a reason, and the data behind them
letters.py    replies as letters for the outbox
attempts.py   a call that must not be repeated is written down before it is made
courier.py    delivers one letter
preview.py    shows an answer while it is written
handler.py    handles one event
presses.py    what each button does
menus.py      the command tree, in two languages, told to Discord when it has changed
notebook.py   the channels we were spoken to in, and until when we have listened
intake.py     commits events before anything else; acknowledges interactions in time
backfill.py   fetches what was said while we were away
sessions.py   what each of the gateway's sessions may have missed
doors.py      opens direct messages of people met elsewhere, so that they can be found
urgent.py     emergencies while the database is down
adapter.py    everything together: run it
"""
