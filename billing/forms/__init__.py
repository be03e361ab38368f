"""The forms of billing."""
