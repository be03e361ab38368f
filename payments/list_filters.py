"""The filters of what is collected and paid in numbers: remittances, mandates, orders, returns, statements, runs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.kernel.filters import ListFilter
from payments.checkouts.models import CheckoutStatus
from payments.models import REMITTED, RunStatus, Scheme


def _choice(label: Any, choices: list[tuple[str, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(required=False, label=label, choices=[("", ""), *choices])


class RemittanceFilter(ListFilter):
    day = "remitted_on"
    amount = "total"
    texts = ("number", "bank_account__name")
    exact = ("method",)
    method = _choice(_("Moyen"), [(method.value, method.label) for method in REMITTED])


class MandateFilter(ListFilter):
    day = "signed_on"
    texts = ("reference", "customer__name", "debtor_name", "iban")
    exact = ("scheme",)
    scheme = _choice(_("Type"), list(Scheme.choices))


class DebitOrderFilter(ListFilter):
    day = "first_collected_on"
    amount = "total"
    texts = ("number", "bank_account__name")
    exact = ("scheme",)
    scheme = _choice(_("Type"), list(Scheme.choices))


class DebitReturnFilter(ListFilter):
    day = "returned_on"
    amount = "amount"
    texts = ("invoice__number", "mandate__customer__name", "return_code")


class StatementFilter(ListFilter):
    day = "closed_on"
    amount = "closing"
    texts = ("reference", "account__name")


class CheckoutFilter(ListFilter):
    day = "created_at__date"
    amount = "amount"
    texts = ("reference", "invoice__number", "invoice__buyer_name")
    exact = ("status",)
    status = _choice(_("État"), list(CheckoutStatus.choices))


class RunFilter(ListFilter):
    day = "executes_on"
    amount = "total"
    texts = ("number", "bank_account__name")
    exact = ("status",)
    status = _choice(_("État"), list(RunStatus.choices))


class NoticeFilter(ListFilter):
    day = "at__date"
    texts = ("invoice__number", "invoice__buyer_name", "text")
