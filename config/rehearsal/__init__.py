"""A company that lives through what the product does, with simulated platforms; not installed in production."""
