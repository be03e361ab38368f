"""Abby as a mirror: it keeps a draft copy of each invoice and the book of receipts, and numbers nothing."""
