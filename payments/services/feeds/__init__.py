"""Feeds: connecting a service, reading it when it is due or its webhook asks for it, keeping what is new."""
