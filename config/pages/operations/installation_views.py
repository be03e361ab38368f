"""« Installation »: what superusers see of all companies together, and what they send again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.kernel.access import actor_of
from config.kernel.errors import DomainError
from config.kernel.scope import across_companies, company_scope
from config.pages.operations import installation, jobs
from config.pages.operations.naming import KIND_LABELS

SHOWN = 50


def superuser(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """View decorator: to anybody else the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_superuser:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@superuser
def installation_page(request: HttpRequest) -> HttpResponse:
    """At the top the worst finding and its act; then queues, everything that is looked at, and failed jobs."""
    at = timezone.now()
    # whoever runs the installation answers for all companies at once
    with across_companies():
        rows = installation.queue_rows(at)
        found = installation.findings(rows, at)
        failed = [(KIND_LABELS[job.kind], job) for job in jobs.jobs(state=jobs.FAILED, limit=SHOWN)]
        context = {
            "worst": installation.worst(found),
            "rows": rows,
            "findings": found,
            "failed": failed,
            "versions": installation.versions(),
        }
        return render(request, "settings/installation.html", context)


@require_POST
@superuser
def installation_replay(request: HttpRequest, queue: str, pk: int) -> HttpResponse:
    """Send one failed job again, in the scope of its company and the name of who asked."""
    # the row says of which company it is
    with across_companies():
        found = jobs.job_of(queue, pk)
    if found is None:
        raise Http404
    source, row = found
    try:
        with company_scope(row.company_id):
            reason = _("relancé depuis la page « Installation »")
            jobs.retry(source, row, reason=reason, actor=actor_of(request), at=timezone.now())
    except DomainError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Relancé : %(what)s.") % {"what": KIND_LABELS[source.kind]})
    return redirect("installation")
