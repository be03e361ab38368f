"""Feeds: connecting a service, reading it when due or when it tells that something happened, and what follows."""
