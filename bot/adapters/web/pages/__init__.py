"""One module per section: its routes, and what its templates are given."""
