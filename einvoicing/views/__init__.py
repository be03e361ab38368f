"""The pages of e-invoicing."""
