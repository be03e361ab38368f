"""The roof: pages that belong to no app alone, and what they read from all of them."""
