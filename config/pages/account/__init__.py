"""« Mon compte »: signing in, and what people change of their own accounts."""
