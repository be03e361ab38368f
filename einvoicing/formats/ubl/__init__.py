"""UBL 2.1, the other syntax of EN 16931: an Invoice, or a CreditNote for what gives money back."""

from einvoicing.formats.ubl.parsing import NotUbl, parse
from einvoicing.formats.ubl.rendering import render
from einvoicing.formats.ubl.vocabulary import ROOTS

__all__ = ["ROOTS", "NotUbl", "parse", "render"]
