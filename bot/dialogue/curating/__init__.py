"""Looking after the knowledge by chat: files and addresses in, drafts reviewed and published.

    room.py    what is said and pressed: who may, commands, questions, buttons
    work.py    the longer tasks: read, put into the draft, compare, decide, publish, roll back
    walk.py    one file on its way into the draft, as it is remembered between messages
    cards.py   what is shown, with its buttons

Everything stands on the same desk as ``salus kb`` and the web page (rag.versions.Desk), and is
shown in private only.
"""
