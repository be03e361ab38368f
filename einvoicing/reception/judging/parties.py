"""Doubts about who sends the document, whom it is for, and into which account it wants to be paid."""

from __future__ import annotations

from collections.abc import Iterator

from billing.purchases.models import SupplierIban
from config.kernel.identifiers import uid
from customers.models import Customer
from einvoicing.reception.judging.case import Case
from einvoicing.reception.judging.names import is_same, resembling
from einvoicing.reception.judging.result import Doubt, doubt
from einvoicing.reception.judging.suppliers import MOST_NAMES, confirmed_owner
from einvoicing.reception.reading.extraction.names import core


def doubts_of_supplier(case: Case) -> Iterator[Doubt]:
    if case.supplier is None:
        yield _unknown(case)
    else:
        yield from _name_differs(case)
    for other in case.conflicting if case.supplier else ():
        yield doubt(
            "unknown_supplier",
            "supplier_vat",
            "Un numéro du document est celui de « %(other)s », l’autre celui de « %(name)s » : demandez qui facture.",
            other=other.name,
            name=case.supplier.name if case.supplier else "",
        )
    yield from _lookalikes(case)


def _unknown(case: Case) -> Doubt:
    name = case.value("supplier_name") or "–"
    known = next((one for one in case.conflicting if not one.is_supplier), None)
    if known is not None:
        return doubt(
            "unknown_supplier",
            "supplier_name",
            "« %(name)s » est un client, pas encore un fournisseur : enregistrez-le aussi comme fournisseur.",
            name=known.name,
        )
    return doubt(
        "unknown_supplier",
        "supplier_name",
        "Ni SIREN, ni n° de TVA, ni IBAN confirmé ne désignent un fournisseur connu (« %(name)s ») : choisissez-le ou "
        "créez-le.",
        name=name,
    )


def _name_differs(case: Case) -> Iterator[Doubt]:
    """The number of a known supplier under another name, unless it billed under that name before."""
    if case.supplier is None:
        return
    printed = case.value("supplier_name") or ""
    known = [case.supplier.name, *(past.name for past in case.past if past.name)]
    stated = [name for name in (printed, case.details.get("trade_name", "")) if name]
    if not stated or any(is_same(name, other) for name in stated for other in known):
        return
    # a logo is not read: the known name that stands elsewhere on the page will do
    if not case.is_structured and any(len(core(name)) > 4 and core(name) in case.page_text for name in known):
        return
    yield doubt(
        "lookalike_name",
        "supplier_name",
        "Le document est au nom de « %(printed)s », et ses numéros sont ceux de « %(name)s » : appelez ce dernier.",
        printed=printed,
        name=case.supplier.name,
    )


def _lookalikes(case: Case) -> Iterator[Doubt]:
    """A name that is, or looks like, that of another supplier than the numbers say."""
    printed = case.value("supplier_name") or ""
    if not printed or (case.supplier is not None and is_same(printed, case.supplier.name)):
        return
    names = Customer.objects.suppliers().filter(company_id=case.company.pk, archived_at=None).order_by("pk")
    if case.supplier is not None:
        names = names.exclude(pk=case.supplier.pk)
    known = dict(names.values_list("pk", "name")[:MOST_NAMES])
    for pk in list(resembling(printed, known.items()))[:1]:
        yield doubt(
            "lookalike_name",
            "supplier_name",
            "Le nom « %(printed)s » ressemble à « %(name)s », que vous connaissez sous d’autres numéros : vérifiez qui "
            "facture.",
            printed=printed,
            name=known[pk],
        )


def doubts_of_buyer(case: Case) -> Iterator[Doubt]:
    """Our own number as the supplier's, or a buyer that we are not."""
    own = case.company
    siren, vat = case.value("supplier_siren") or "", case.value("supplier_vat") or ""
    if own.siren and (siren == own.siren or vat[4:] == own.siren):
        yield doubt(
            "own_company", "supplier_siren", "Le fournisseur lu est votre propre société : indiquez qui vous facture."
        )
    buyer = case.details.get("buyer", {})
    vat_of_buyer = buyer.get("vat", "")
    named = uid.compact(vat_of_buyer) if own.is_swiss else buyer.get("siren") or vat_of_buyer[4:]
    addressed = (
        (named == own.legal_number if named else is_same(buyer.get("name", ""), own.name))
        if case.is_structured
        else own.legal_number.lower() in case.page_text or core(own.name) in case.page_text
    )
    if not addressed:
        yield doubt(
            "own_company",
            "supplier_name",
            "La facture est adressée à « %(buyer)s », pas à votre société : écartez-la, ou demandez-en une à votre nom."
            if buyer.get("name")
            else "Ni le nom ni le SIREN de votre société ne sont sur le document : vérifiez qu’il vous est adressé.",
            buyer=buyer.get("name", ""),
        )


def doubts_of_account(case: Case) -> Iterator[Doubt]:
    """Where the money would go: each account that the document names, and whose it says it is."""
    known = {row.iban: row for row in case.ibans}
    for iban in case.named_ibans:
        row = known.get(iban)
        owner = confirmed_owner(case, iban)
        if owner is not None:
            yield doubt(
                "payee_differs",
                "iban",
                "L’IBAN %(iban)s est celui de « %(owner)s » : ne payez pas avant d’avoir appelé votre fournisseur.",
                iban=iban,
                owner=owner.supplier.name,
            )
        elif case.supplier is not None and (row is None or not row.is_confirmed):
            yield _iban(iban, row, [one.iban for one in case.ibans if one.is_confirmed])
    yield from _payee(case)


def _iban(iban: str, row: SupplierIban | None, confirmed: list[str]) -> Doubt:
    if row is not None and row.rejected_at is not None:
        return doubt("iban_changed", "iban", "L’IBAN %(iban)s a été écarté pour ce fournisseur.", iban=iban)
    if confirmed:
        return doubt(
            "iban_changed",
            "iban",
            "L’IBAN %(iban)s n’est pas celui que vous payez (%(known)s) : appelez le fournisseur à un numéro que vous "
            "connaissez, puis confirmez-le.",
            iban=iban,
            known=", ".join(confirmed[:3]),
        )
    return doubt(
        "iban_new",
        "iban",
        "Premier IBAN vu pour ce fournisseur (%(iban)s) : confirmez-le auprès de lui avant de payer.",
        iban=iban,
    )


def _payee(case: Case) -> Iterator[Doubt]:
    """Another name than the supplier's as the one who is paid: a factor, or a thief."""
    known = [case.value("supplier_name") or "", case.supplier.name if case.supplier else ""]
    for name in dict.fromkeys((case.details.get("payee"), case.details.get("account_holder"))):
        if name and not any(is_same(name, other) for other in known if other):
            yield doubt(
                "payee_differs",
                "iban",
                "Le paiement est demandé au nom de « %(payee)s » et non du fournisseur : demandez-lui pourquoi.",
                payee=name,
            )
    if case.details.get("is_assigned") and not case.details.get("payee"):
        yield doubt(
            "payee_differs",
            "iban",
            "La créance est cédée à un tiers (affacturage) : vérifiez à qui et sur quel compte payer.",
        )
