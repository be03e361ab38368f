"""Payments, the bank and reminders for partner systems."""
