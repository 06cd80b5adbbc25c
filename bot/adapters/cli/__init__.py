"""The ``salus`` command: thin functions over the application, plain text or JSON."""
