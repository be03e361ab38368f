"""What people type about reminders: a reason, a promise, a posting, settings and words."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import fields_for_model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel.editing import RecordForm
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from customers.models import Contact, Customer
from payments.dunning.models import Language, ReminderSettings

REASON = {"required": _("Dites pourquoi : le motif reste au dossier.")}
AS_COMPANY = _("Comme la société")


class WaiverForm(forms.Form):
    def __init__(self, *args: Any, needs_reason: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if needs_reason:
            self.fields["reason"] = TextField(
                label=_("Pourquoi l’envoyer malgré tout"), max_length=300, error_messages=REASON
            )


class HoldForm(forms.Form):
    until = FrenchDateField(label=_("Jusqu’au"))
    note = TextField(label=_("Note"), required=False, max_length=300)


class PromiseForm(HoldForm):
    amount = FrenchDecimalField(label=_("Montant promis"), max_digits=16, decimal_places=2, shown=2)
    field_order = ["amount", "until", "note"]


class PostingForm(forms.Form):
    posted_on = FrenchDateField(label=_("Postée le"))
    tracking_number = TextField(label=_("N° de suivi du recommandé"), required=False, max_length=40)


def _choice(label: Any, below: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        required=False,
        choices=[("", below), ("yes", _("Oui")), ("no", _("Non"))],
        coerce=lambda typed: typed == "yes",
        empty_value=None,
    )


def _notice_days() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Délai laissé par la mise en demeure (jours)"),
        required=False,
        min_value=8,
        max_value=15,
        help_text=_("De 8 à 15 jours ; 15 si rien n’est dit."),
    )


class CompanyRemindersForm(RecordForm):
    """How the whole company reminds, beside the delays of « Société »."""

    def __init__(self, sent: Any = None, *, row: ReminderSettings) -> None:
        initial: dict[str, Any] = {name: bool(getattr(row, name)) for name in ("is_grouped", "with_statement")}
        initial |= {"language": row.language or Language.FRENCH, "notice_days": row.notice_days}
        super().__init__(sent, initial=initial)
        grouped = _("Une seule lettre par client pour toutes ses factures dues")
        self.fields["is_grouped"] = forms.BooleanField(label=grouped, required=False)
        self.fields["with_statement"] = forms.BooleanField(label=_("Joindre le relevé de compte"), required=False)
        self.fields["language"] = forms.ChoiceField(label=_("Langue des lettres"), choices=Language.choices)
        self.fields["notice_days"] = _notice_days()


class CustomerRemindersForm(RecordForm):
    """In what a customer differs from the company; what is empty follows it."""

    def __init__(self, sent: Any = None, *, row: ReminderSettings, customer: Customer) -> None:
        initial = {name: getattr(row, name) for name in FIELDS}
        for name in ("is_grouped", "with_statement"):
            value = getattr(row, name)
            initial[name] = "" if value is None else "yes" if value else "no"
        super().__init__(sent, initial=initial | {"contact": row.contact_id})
        self.fields.update(fields_for_model(ReminderSettings, fields=("never", *DELAYS)))
        self.fields["notice_days"] = _notice_days()
        self.fields["is_grouped"] = _choice(_("Une seule lettre pour toutes ses factures dues"), AS_COMPANY)
        self.fields["with_statement"] = _choice(_("Joindre le relevé de compte"), AS_COMPANY)
        languages = [("", AS_COMPANY), *Language.choices]
        self.fields["language"] = forms.ChoiceField(label=_("Langue des lettres"), required=False, choices=languages)
        self.fields["contact"] = forms.ModelChoiceField(
            Contact.objects.filter(customer=customer).exclude(email=""),
            label=_("Destinataire"),
            required=False,
            empty_label=gettext("Le contact qui reçoit les relances"),
        )
        self.order_fields([*FIELDS, "contact"])


DELAYS = ("friendly_after_days", "firm_after_days", "final_after_days")
FIELDS = ("never", "is_grouped", "with_statement", *DELAYS, "notice_days", "language")


class ReminderTextForm(RecordForm):
    subject_line = TextField(label=_("Objet"), max_length=200)
    body = TextField(label=_("Texte"), max_length=5000, widget=forms.Textarea(attrs={"rows": 18}))
