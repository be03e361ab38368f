"""Telling partner systems what happens: signed messages (Standard Webhooks), at least once, in order per object.

An audit event that has a name for partners becomes a message in its own transaction; a sweep carries it.
"""
