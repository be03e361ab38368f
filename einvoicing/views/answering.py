"""Answering a platform that asks something of an invoice, and reading again what was joined."""

from __future__ import annotations

import io
from typing import cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.kept import read_kept
from einvoicing.forms import answer_form
from einvoicing.models import Enclosure
from einvoicing.services.transmissions import NothingAsked, answer_request
from einvoicing.services.transmissions.answering import request_of
from einvoicing.views.transmissions import load_transmission, show_transmission


@require_POST
@member("einvoicing.send")
def transmission_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue the answer, or show the page again with what is missing."""
    transmission = load_transmission(pk)
    requested = request_of(transmission)
    if requested is None:
        raise NothingAsked
    form = answer_form(requested, request.POST, request.FILES)
    if form.is_valid():
        try:
            answer_request(
                transmission=transmission,
                reply=form.reply(),
                attachments=form.attachments(),
                actor=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Réponse en file : elle part dans un instant."))
            return redirect(transmission)
    return show_transmission(request, transmission, answer=form)


@require_GET
@member("einvoicing")
def enclosure_download(request: HttpRequest, pk: int) -> HttpResponse:
    """A document that went with an answer, always as a download: it may be of any kind."""
    enclosure = get_object_or_404(Enclosure.objects, pk=pk)
    data = read_kept(enclosure, record=enclosure.transmission.invoice, at=timezone.now())
    response = FileResponse(io.BytesIO(data), as_attachment=True, filename=enclosure.name)
    response["Content-Type"] = "application/octet-stream"
    response["X-Content-Type-Options"] = "nosniff"
    return cast(HttpResponse, response)
