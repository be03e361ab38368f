"""The table of opening balances, pasted or in a file, and the day on which it is written."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.kernel.forms import FrenchDateField
from config.kernel.importing.tables import OLD_EXCEL, UnreadableTable, read_table
from config.kernel.middleware import say
from config.kernel.workbooks import ARCHIVE

MOST_BYTES = 2_000_000


class OpeningForm(forms.Form):
    """A file fills the table, so that what it held is shown and can be corrected."""

    on = FrenchDateField(label=_("Premier jour de l’exercice"))
    file = forms.FileField(label=_("Fichier CSV, XLSX ou FEC"), required=False, allow_empty_file=True)
    table = forms.CharField(
        label=_("Tableau"),
        required=False,
        max_length=MOST_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=_("Compte, tiers, pièce, date, échéance, débit, crédit, libellé : collez-le d’un tableur."),
    )

    def __init__(self, data: Any = None, files: Any = None, *, first_day: date) -> None:
        super().__init__(data, files, initial={"on": first_day})

    def clean_file(self) -> str:
        file = self.cleaned_data.get("file")
        if not file:
            return ""
        if file.size > MOST_BYTES:
            raise ValidationError(_("Ce fichier est trop grand : collez seulement les soldes."))
        kept: bytes = file.read()
        if kept.startswith((ARCHIVE, OLD_EXCEL)):
            return _pasted(kept)
        try:
            return kept.decode("utf-8-sig")
        except UnicodeDecodeError:
            return kept.decode("cp1252", errors="replace")

    def text(self) -> str:
        """The table: that of the file where one was sent."""
        return str(self.cleaned_data.get("file") or self.cleaned_data.get("table") or "").replace("\x00", "")


def _pasted(workbook: bytes) -> str:
    """A workbook as one would paste it, each row on the line that it has there. Raises ValidationError."""
    try:
        rows = dict(read_table(workbook).rows)
    except UnreadableTable as error:
        raise ValidationError(say(error)) from error
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(
        rows.get(line, []) for line in range(1, max(rows) + 1)
    )
    return text.getvalue()
