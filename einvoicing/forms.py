"""What a person types to answer a platform."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from config.kernel.forms import TextField
from einvoicing.models import LifecycleEvent
from einvoicing.platforms.base import Attachment
from einvoicing.platforms.chorus_pro.payloads import EXTENSIONS
from einvoicing.services.transmissions import Reply
from einvoicing.services.transmissions.answering import media_type

LONGEST_COMMENT = 2000
MOST_FILES = 20
LONGEST_LETTER = 10_000
MOST_DOCUMENTS = 100


class LetterForm(forms.Form):
    """The words of one message, before it leaves. `{lien}` becomes the recipient's own link."""

    subject_line = TextField(label=_("Objet"), max_length=200)
    body = TextField(
        label=_("Message"),
        max_length=LONGEST_LETTER,
        widget=forms.Textarea({"rows": 18}),
        help_text=_("{lien} devient le lien personnel du destinataire vers ce document."),
    )


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, each checked as one; an empty file is left for the service to name."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [super(FilesField, self).clean(file, initial) for file in data or []]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("Joignez au plus 20 fichiers : réunissez-les dans un PDF."))
        return files


class DocumentsField(FilesField):
    """Supplier documents: as many as were chosen or dropped, a hundred at once."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data]
        if len(files) > MOST_DOCUMENTS:
            raise forms.ValidationError(_("Déposez au plus 100 fichiers à la fois."))
        return [forms.FileField.clean(self, file, initial) for file in files or [None]]


class DocumentsForm(forms.Form):
    documents = DocumentsField(
        label=_("Factures reçues (PDF, Factur-X, XML, photographies)"),
        allow_empty_file=True,
        widget=FilesInput({"accept": ".pdf,.xml,.jpg,.jpeg,.png,.tif,.tiff"}),
        error_messages={"required": _("Choisissez au moins un fichier.")},
    )


class CompleteForm(forms.Form):
    """For a suspended invoice: a comment, and the documents asked for."""

    comment = TextField(
        label=_("Votre réponse"),
        max_length=LONGEST_COMMENT,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Lue par le service qui a suspendu la facture."),
        error_messages={"required": _("Dites ce que vous corrigez ou joignez.")},
    )
    enclosures = FilesField(
        label=_("Pièces jointes"),
        required=False,
        allow_empty_file=True,
        widget=FilesInput({"accept": ",".join(sorted(f".{extension.lower()}" for extension in EXTENSIONS))}),
        help_text=_("PDF, images, documents de bureau, archives : 10 Mo par fichier, 120 Mo avec la facture."),
    )

    def reply(self) -> Reply:
        return Reply(comment=self.cleaned_data["comment"])

    def attachments(self) -> list[Attachment]:
        files = self.cleaned_data["enclosures"]
        return [Attachment(str(file.name), media_type(str(file.name)), file.read()) for file in files]


class RecycleForm(forms.Form):
    """For an invoice that went to the wrong service: the right one, or the right commitment."""

    service_code = TextField(
        label=_("Code service"),
        max_length=100,
        required=False,
        widget=forms.TextInput({"list": "services", "autocomplete": "off"}),
    )
    engagement = TextField(label=_("Numéro d’engagement"), max_length=50, required=False)
    comment = TextField(label=_("Commentaire"), max_length=LONGEST_COMMENT, required=False)

    def reply(self) -> Reply:
        return Reply(**{name: self.cleaned_data[name].strip() for name in ("comment", "service_code", "engagement")})

    def attachments(self) -> list[Attachment]:
        return []


AnswerForm = CompleteForm | RecycleForm


def answer_form(request: LifecycleEvent, data: Any = None, files: Any = None) -> AnswerForm:
    """The form that answers this status: 208 asks for documents, 221 for another service."""
    if request.code == "208":
        return CompleteForm(data, files)
    invoice = request.invoice
    return RecycleForm(data, initial={"service_code": invoice.service_code, "engagement": invoice.purchase_order})
