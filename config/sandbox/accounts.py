"""The published accounts of the simulated services: any name with the prefix, one secret, worth nothing elsewhere."""

CLIENT_PREFIX = "demo-"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - published
