"""Abby in a box."""
