"""What we answer a supplier of its invoice: life-cycle statuses 204 to 211, by the platform that brought it."""
