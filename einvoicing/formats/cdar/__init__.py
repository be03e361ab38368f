"""CDAR D22B: the message that carries one life-cycle status of one invoice (flux 6, XP Z12-012, MDT- numbers)."""

from einvoicing.formats.cdar.message import Characteristic, StatusDetail, StatusMessage, StatusParty
from einvoicing.formats.cdar.parsing import NotCdar, parse
from einvoicing.formats.cdar.rendering import render
from einvoicing.formats.cdar.vocabulary import NS, PARIS, ROOT

__all__ = [
    "NS",
    "PARIS",
    "ROOT",
    "Characteristic",
    "NotCdar",
    "StatusDetail",
    "StatusMessage",
    "StatusParty",
    "parse",
    "render",
]
