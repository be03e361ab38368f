"""Where supplier documents are fetched: each source stores what it has, once by its identity, and reads none of it."""
