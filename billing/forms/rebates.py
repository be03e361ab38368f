"""What people type about a year-end rebate."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.forms.picking import CustomerPickedForm
from billing.models import Product, RebateAgreement
from billing.rebate_terms import Tier
from config.kernel import typography
from config.kernel.filters import ListFilter
from config.kernel.forms import FrenchDateField, FrenchDecimalField, TextField
from customers.models import Customer

MOST_TIERS, MOST_PRODUCTS = 20, 200


class RebateFilter(ListFilter):
    day = "ends_on"
    amount = "amount"
    texts = ("name", "customer__name")


class RebateForm(CustomerPickedForm):
    """A customer, a period, tiers: one per line, « 50 000 ; 2 » for 2 % from 50 000 € on."""

    name = TextField(label=_("Intitulé"), max_length=80, help_text=_("Il s’imprime comme motif des avoirs."))
    starts_on = FrenchDateField(label=_("Du"))
    ends_on = FrenchDateField(label=_("Au"))
    tiers = TextField(
        label=_("Paliers"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=1000,
        help_text=_("Un par ligne : le chiffre d’affaires HT à partir duquel il vaut, un point-virgule, le taux en %."),
    )
    is_marginal = forms.BooleanField(
        label=_("Chaque taux ne vaut que pour sa tranche"),
        required=False,
        help_text=_("Sinon, le taux du palier atteint vaut pour tout le chiffre d’affaires."),
    )
    products = TextField(
        label=_("Seulement ces produits"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=4000,
        help_text=_("Leurs références, une par ligne ; vide, tout compte."),
    )

    def __init__(
        self, *args: Any, agreement: RebateAgreement | None = None, customer: Customer | None = None, **kwargs: Any
    ) -> None:
        self.shown = agreement.customer if agreement else customer
        if agreement:
            kwargs["initial"] = {
                **{name: getattr(agreement, name) for name in ("name", "starts_on", "ends_on", "is_marginal")},
                "customer": agreement.customer_id,
                "tiers": "\n".join(_shown(tier) for tier in agreement.tiers.order_by("above")),
                "products": "\n".join(agreement.products.values_list("product__reference", flat=True)),
            }
        super().__init__(*args, **kwargs)

    def clean_tiers(self) -> list[Tier]:
        found: dict[Decimal, Tier] = {}
        for text in filter(str.strip, self.cleaned_data["tiers"].splitlines()):
            above, _colon, rate = text.partition(";")
            tier = Tier(_amount(above, 16), _amount(rate.replace("%", ""), 5))
            if not 0 < tier.rate <= 100 or tier.above < 0 or tier.above in found:
                raise ValidationError(_("« %(text)s » n’est pas un palier."), params={"text": text.strip()})
            found[tier.above] = tier
        if not 0 < len(found) <= MOST_TIERS:
            raise ValidationError(_("Donnez au moins un palier, et vingt au plus."))
        return list(found.values())

    def clean_products(self) -> list[Product]:
        wanted = {text.strip() for text in self.cleaned_data["products"].splitlines() if text.strip()}
        found = list(Product.objects.filter(reference__in=list(wanted)[:MOST_PRODUCTS]))
        if missing := wanted - {product.reference for product in found}:
            names = ", ".join(sorted(missing))
            raise ValidationError(_("Aucun produit n’a cette référence : %(names)s."), params={"names": names})
        return found

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        first, last = typed.get("starts_on"), typed.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("La période finit avant de commencer."))
        return typed

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("customer", "name", "starts_on", "ends_on", "is_marginal")}


def _shown(tier: Any) -> str:
    return f"{typography.number(tier.above)} ; {typography.number(tier.rate)}"


def _amount(text: str, digits: int) -> Decimal:
    return FrenchDecimalField(max_digits=digits, decimal_places=2, sums=False).clean(text.strip())
