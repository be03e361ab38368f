"""The remote platforms that carry documents: one package each, behind the protocol of `base`."""
