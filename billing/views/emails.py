"""« Boîte d’envoi »: every message to customers, what became of it in honest words, and sending it again."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from billing.columns import EMAILS
from billing.models import NO_ADDRESS, Email, EmailStatus
from billing.services.emails import resend_email
from billing.variables import shown_body
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import TransitionRefused
from config.kernel.folding import holds
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.sent_once import sent_once
from config.kernel.states import can_move
from config.kernel.timeline import timeline_of

# what the state means, and what one can do about it
HONEST: dict[str, tuple[str, Any]] = {
    EmailStatus.QUEUED: ("info", gettext_lazy("Le message attend son tour. Il n’est pas encore parti.")),
    EmailStatus.SENDING: ("info", gettext_lazy("Le message est en cours de remise au serveur de messagerie.")),
    EmailStatus.SENT: (
        "good",
        gettext_lazy(
            "Le serveur de messagerie a pris le message en charge. Cela ne prouve pas qu’il a été reçu ni lu."
        ),
    ),
    EmailStatus.KEPT: (
        "warn",
        gettext_lazy(
            "Aucun serveur de messagerie n’est configuré : le message n’est pas parti. Il est conservé ici, lisible."
        ),
    ),
    EmailStatus.UNKNOWN: (
        "warn",
        gettext_lazy(
            "L’échange s’est interrompu : le message est peut-être parti. Demandez au client avant de le renvoyer."
        ),
    ),
    EmailStatus.FAILED: ("bad", gettext_lazy("Le serveur de messagerie a refusé le message. Il n’est pas parti.")),
    EmailStatus.BOUNCED: (
        "bad",
        gettext_lazy("Le serveur du destinataire a refusé le message : corrigez l’adresse du client, puis renvoyez."),
    ),
    EmailStatus.CANCELLED: ("neutral", gettext_lazy("Le message a été annulé avant son envoi.")),
}


SORTS = {"date": "created_at", "recipient": "recipient"}


@require_GET
@member("invoices")
def email_list(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    text = request.GET.get("q", "").strip()[:100]
    found = Email.objects.select_related("invoice")
    if status in EmailStatus.values:
        found = found.filter(status=status)
    if text:
        named = holds(text, "recipient", "subject_line", "invoice__number")
        found = found.filter(named)
    listed = open_list(request, EMAILS, found, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    page = listed.page
    choices = {"name": "status", "label": _("État"), "kind": "select", "value": status, "choices": EmailStatus.choices}
    context = {
        "listed": listed,
        "summary": summary_of(found),
        "page": page,
        "q": text,
        "filters": [choices],
        "filtered": bool(status or text),
        "smtp": settings.SMTP_CONFIGURED,
    }
    return render(request, "billing/email/list.html", context)


@require_GET
@member("invoices")
def email_detail(request: HttpRequest, pk: int) -> HttpResponse:
    email = get_object_or_404(Email.objects.select_related("invoice__customer"), pk=pk)
    tone, sentence = HONEST[email.status]
    may_send = cast(MemberRequest, request).membership.may("invoices.issue")
    context = {
        "email": email,
        "body": shown_body(email, timezone.now()),
        "tone": tone,
        "words": sentence,
        "may_resend": may_send and _can_leave_again(email),
        "timeline": timeline_of(email, role_of(request)),
    }
    return render(request, "billing/email/detail.html", context)


def _can_leave_again(email: Email) -> bool:
    leaving = email.status == EmailStatus.SENDING or email.recipient == NO_ADDRESS
    return not leaving and can_move(email, EmailStatus.QUEUED)


@require_http_methods(["GET", "POST"])
@member("invoices.issue")
@sent_once
def email_resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it again, after a page that shows the message and what became of it before."""
    email = get_object_or_404(Email.objects.select_related("invoice__customer"), pk=pk)
    if request.method == "POST":
        resend_email(email=email, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Message remis en file d’envoi."))
        return redirect(email)
    if not can_move(email, EmailStatus.QUEUED):
        raise TransitionRefused(state=email.get_status_display())
    return confirm(
        request,
        Confirmation(
            title=_("Renvoyer"),
            effect=_("Le message part tel qu’il est ici. Un message parti ne se reprend pas."),
            facts=[(_("À"), email.recipient), (_("Objet"), email.subject_line)],
            warning=HONEST[email.status][1],
            letter=shown_body(email, timezone.now()),
            back=email.get_absolute_url(),
            back_label=email.subject_line,
        ),
    )
