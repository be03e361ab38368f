"""UN/CEFACT Cross Industry Invoice D22B, in each profile of Factur-X: the syntax inside every Factur-X."""

from einvoicing.formats.cii.parsing import NotInvoice, parse
from einvoicing.formats.cii.rendering import render
from einvoicing.formats.cii.vocabulary import ROOT

__all__ = ["ROOT", "NotInvoice", "parse", "render"]
