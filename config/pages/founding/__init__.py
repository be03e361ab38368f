"""Founding a company: its identity in one form, then a guide of five steps that ends with its first invoice."""
