"""Customers and payment terms for partner systems."""
