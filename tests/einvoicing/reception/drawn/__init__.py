"""French invoices drawn from a seed: what they say is known, how they look is left to chance.

Written apart from the reader: its words and layouts come from what French companies print, not from what is read.
"""
