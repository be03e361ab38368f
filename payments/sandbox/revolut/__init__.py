"""Revolut Business in a box."""
