"""The admin page: the desk of the knowledge base in a browser, plain forms first.

    adapter.py   serves it beside the chat platforms, until it is told to stop
    config.py    what it needs of the settings
    site.py      the application: routes, errors, shared parts
    guard.py     host check, size limits, security headers, the catch-all
    visit.py     one request: who is signed in, language, form, rendering
    jobs.py      what takes longer than a page may: reading files, checking, publishing
    pages/       one module per section, see sections.py for the menu

Only this room knows FastAPI, Jinja and uvicorn, and loads them when it is asked to serve.
"""
