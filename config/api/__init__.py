"""The API's own addresses: tokens, the documentation, and what belongs to no app below."""
