"""The formats of statements, as people know them."""

from __future__ import annotations

from collections.abc import Mapping

from payments.statements.base import CAMT_052, CAMT_053, CAMT_054, CFONB_120, CSV, MT_940, MT_942, OFX, XLSX

FORMATS: Mapping[str, str] = {
    CAMT_052: "CAMT.052",
    CAMT_053: "CAMT.053",
    CAMT_054: "CAMT.054",
    CFONB_120: "CFONB 120",
    OFX: "OFX",
    MT_940: "MT940",
    MT_942: "MT942",
    CSV: "CSV",
    XLSX: "XLSX",
}
