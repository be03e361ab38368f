"""UN/CEFACT Cross Industry Invoice D22B, EN 16931 profile: the syntax inside every Factur-X."""

from einvoicing.formats.cii.parsing import NotInvoice, parse
from einvoicing.formats.cii.rendering import render
from einvoicing.formats.cii.vocabulary import ROOT

__all__ = ["ROOT", "NotInvoice", "parse", "render"]
