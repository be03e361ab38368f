"""The services the company reads: how each is spoken to. Plain Python; what is done with it is in services/feeds."""
