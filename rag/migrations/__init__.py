"""Schema migrations of the knowledge database; its version table is its own."""
