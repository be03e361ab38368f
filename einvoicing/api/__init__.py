"""Sending, transmissions, the life-cycle and Chorus Pro for partner systems."""
