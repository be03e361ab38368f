"""The people at a customer's: who gets its invoices and its reminders."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel import typography
from config.kernel.access import actor_of, member
from config.kernel.confirming import Confirmation, confirm
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.sent_once import sent_once
from customers.forms import ContactForm
from customers.models import Contact, Customer
from customers.services import remove_contact, save_contact
from customers.views.customers import load_customer


@require_http_methods(["GET", "POST"])
@member("customers.edit")
@sent_once
def contact_new(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, load_customer(pk), None)


@require_http_methods(["GET", "POST"])
@member("customers.edit")
def contact_edit(request: HttpRequest, pk: int) -> HttpResponse:
    contact = load_contact(pk)
    return _form(request, contact.customer, contact)


@require_http_methods(["GET", "POST"])
@member("customers.edit")
@sent_once
def contact_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove it, after a page that says who, and what no longer reaches them."""
    contact = load_contact(pk)
    customer = contact.customer
    if request.method == "POST":
        remove_contact(contact=contact, actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Contact retiré."))
        return redirect(customer)
    facts = [
        (_("Client"), customer.name),
        (_("Contact"), contact.name),
        (_("E-mail"), contact.email or typography.ABSENT),
    ]
    effect = _("Ce contact ne recevra plus ni factures ni relances. Un contact retiré ne revient pas.")
    return confirm(
        request,
        Confirmation(
            title=_("Retirer le contact"),
            effect=effect,
            facts=facts,
            back=customer.get_absolute_url(),
            back_label=customer,
            icon="trash",
            danger=True,
        ),
    )


def load_contact(pk: int) -> Contact:
    return cast(Contact, get_object_or_404(Contact.objects.select_related("customer"), pk=pk))


def _form(request: HttpRequest, customer: Customer, contact: Contact | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    form = _contact_form(contact, sent)
    if sent is not None and form.is_valid():
        values = form.cleaned_data
        try:
            with as_read(form, contact, _contact_form):
                save_contact(
                    contact=contact, customer=customer, values=values, actor=actor_of(request), at=timezone.now()
                )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Contact enregistré."))
            return redirect(customer)
    context = {"customer": customer, "contact": contact, "form": form}
    return render(request, "customers/contact/form.html", context, status=200 if sent is None else 422)


def _contact_form(contact: Contact | None, sent: Any = None) -> ContactForm:
    return ContactForm(sent, initial=_initial(contact))


def _initial(contact: Contact | None) -> dict[str, object]:
    return {name: getattr(contact, name) for name in ContactForm.Meta.fields} if contact else {}
