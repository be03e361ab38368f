"""Revolut Business: its keys and its API, read only."""
