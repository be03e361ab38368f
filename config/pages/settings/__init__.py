"""What a company sets: its identity, platforms, bank, feeds, rates, keys and webhooks."""
