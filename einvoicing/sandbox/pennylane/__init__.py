"""Pennylane in a box."""
