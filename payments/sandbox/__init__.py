"""Revolut and Invoice Ninja in a box, on the ground of `config.sandbox`."""
