"""Purchases and suppliers over REST."""
