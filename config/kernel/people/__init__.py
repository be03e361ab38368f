"""People and their accounts: what is told to them, and what they change of their own."""
