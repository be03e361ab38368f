"""The composition root: settings, addresses, the clock, and the home page."""
