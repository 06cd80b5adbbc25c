"""Telegram: the only room that knows python-telegram-bot.

config.py    what an operator sets
api.py       the bot's calls, and what its errors mean to delivery
events.py    raw updates as events; which of them concern us
render.py    spans as Telegram HTML
buttons.py   inline keyboards and the data behind them
letters.py   replies as letters for the outbox
courier.py   delivers one letter
preview.py   shows an answer while it is written
handler.py   handles one event
menus.py     localized command menus
webhook.py   receives by webhook instead of polling
adapter.py   everything together: run it
"""
