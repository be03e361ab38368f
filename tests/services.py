"""Loaded before anything else (`-p tests.services`): settings are read early, and they need the services' addresses."""

from config.runtime import embedded

embedded.ensure()
