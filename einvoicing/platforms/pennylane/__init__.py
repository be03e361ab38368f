"""Pennylane as the company's approved platform, by its own API (version 2)."""
