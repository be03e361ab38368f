"""The dashboard: what a company, or all those a person may read, owes, is owed, billed and moved, as of any day."""
