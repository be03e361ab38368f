"""Invoice Ninja in a box."""
