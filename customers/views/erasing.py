"""« Données personnelles »: what is erased of a person, what stays and until when, shown before it is done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.middleware import say
from config.kernel.sent_once import sent_once
from customers.erasing import Person, contact_person, erase_person, individual, plan_of
from customers.views.contacts import load_contact
from customers.views.customers import load_customer


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def customer_personal_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Of an individual; of an organisation, the contacts to choose from."""
    customer = load_customer(pk)
    if not customer.is_individual:
        context = {"customer": customer, "contacts": customer.contacts.order_by("name", "id")}
        return render(request, "customers/customer/personal_data_of.html", context)
    return _page(request, individual(customer))


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def contact_personal_data(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, contact_person(load_contact(pk)))


def _page(request: HttpRequest, person: Person) -> HttpResponse:
    customer, refusal = person.records[0], ""
    if request.method == "POST":
        try:
            shown = request.POST.get("shown", "")
            erase_person(person=person, shown=shown, actor=actor_of(request), at=timezone.now())
            messages.success(request, _("Les données personnelles que rien n’oblige à garder sont effacées."))
            return redirect(customer)
        except DomainError as error:
            refusal = say(error)
    plan = plan_of(person, at=timezone.now())
    context = {"customer": customer, "person": person, "plan": plan, "refusal": refusal}
    context["reasons"] = [_(reason) for reason in plan.reasons]
    return render(request, "customers/customer/personal_data.html", context, status=422 if refusal else 200)
