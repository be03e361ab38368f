"""The accountant’s rooms."""
