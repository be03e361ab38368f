"""E-reporting (flux 10): what is reported to the State of sales to individuals and abroad, and of what they paid."""
