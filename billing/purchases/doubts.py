"""Why a person must look at a purchase before it goes on: each gate that did not hold, in a sentence.

What a document alone shows (checksums, a picture unlike its XML, a payee in another name) its reading says; what takes
the company's own knowledge is found here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext_lazy as _

from billing.models import PurchaseInvoice
from billing.purchases.content import PurchaseContent
from billing.purchases.correcting import is_replaced
from billing.purchases.ibans import check_person, doubt_of_iban
from billing.purchases.models import IN_BOOKS, PurchaseSettings
from billing.purchases.resemblance import plain_name, resembles
from billing.purchases.sums import sums_hold, vat_holds
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.identifiers import iban as iban_number
from config.kernel.models import Company
from config.kernel.rows import lock
from customers.models import Customer

REJECTED = "rejected_by_platform"  # told by 213 and 501, often after the purchase was recorded
SENTENCES: dict[str, Any] = {
    REJECTED: _("Sa plateforme a rejeté cette facture : demandez-en une autre au fournisseur, ou refusez-la."),
    "sums": _("Les totaux du document ne tombent pas juste : lignes, HT, TVA et TTC ne concordent pas."),
    "vat": _("La TVA d’un taux n’est pas ce taux de sa base : vérifiez-la avant de la déduire."),
    "checksum": _("Un identifiant du document (SIREN, n° de TVA ou IBAN) n’a pas la bonne clé."),
    "unknown_supplier": _("Ce fournisseur n’était pas connu : vérifiez qu’il existe et que vous lui avez commandé."),
    "duplicate": _("Une autre facture lui ressemble (même fournisseur, même montant ou presque même numéro)."),
    "replaced": _(
        "Une facture rectificative déjà comptabilisée remplace celle-ci : refusez-la, sinon les deux seront dues."
    ),
    "iban_new": _("Aucune personne n’a confirmé l’IBAN de ce fournisseur : appelez-le à un numéro déjà connu."),
    "iban_changed": _("L’IBAN n’est pas celui que vous connaissez : appelez le fournisseur à un numéro déjà connu."),
    "payee_differs": _("Le bénéficiaire du paiement n’est pas le fournisseur."),
    "picture_differs": _("Le document lisible et ses données structurées ne disent pas la même chose."),
    "unusual_amount": _("Le montant est inhabituel pour ce fournisseur."),
    "low_confidence": _("La lecture du document n’est pas assez sûre : relisez-le."),
    "lookalike_name": _("Le nom ressemble à celui d’un autre fournisseur, sans être lui."),
    "own_company": _("Le document nomme votre propre société comme fournisseur."),
    "date": _("Une date est invraisemblable : à venir, de plus d’un an, ou une échéance avant la facture."),
    "deposit_open": _(
        "Un acompte de ce fournisseur n’est déduit par aucune facture, et celle-ci n’en déduit pas : serait-il payé "
        "deux fois ?"
    ),
    "deposit_unknown": _(
        "Le document déduit des acomptes que vous n’avez pas reçus : enregistrez-les ou choisissez-les."
    ),
    "large_amount": _("Le montant atteint le seuil à partir duquel une personne vérifie."),
    "order_unknown": _("La commande citée n’est pas une commande passée à ce fournisseur."),
    "order_price": _("Un prix facturé dépasse celui de la commande."),
    "order_quantity": _("Il est facturé plus que ce qui est commandé."),
    "not_received": _("Il est facturé plus que ce qui est reçu."),
}
# found again at each correction: a person who corrects what was wrong has nothing more to settle
OF_FIGURES = frozenset({"sums", "vat", "date"})
OF_NUMBER = frozenset({"replaced"})
OF_IBAN = frozenset({"iban_new", "iban_changed"})

USUAL = 3  # former invoices before an amount can be unusual
UNUSUAL = 2  # times the highest of a year
A_WEEK = timedelta(days=7)
A_YEAR = timedelta(days=366)


class NoSuchDoubt(DomainError):
    code = "no_such_doubt"
    message = "Ce point n’est plus à vérifier : rechargez la page."


def sentence_of(doubt: str) -> str:
    """The doubt in words; the code itself where it is one of another version."""
    return str(SENTENCES.get(doubt, doubt))


@transaction.atomic
def settle_doubt(*, purchase: PurchaseInvoice, doubt: str, actor: Actor, at: datetime) -> PurchaseInvoice:
    """A person has looked and takes the responsibility. Raises PersonNeeded, NoSuchDoubt."""
    check_person(actor)
    row = lock(purchase)
    if doubt not in row.doubts or not row.can_change:
        raise NoSuchDoubt
    row.doubts = [code for code in row.doubts if code != doubt]
    row.save(update_fields=["doubts"])
    data = {"doubt": doubt, "reference": row.reference}
    audit.record("billing.purchase.doubt_settled", subject=row, actor=actor, at=at, also=[row.supplier], data=data)
    return row


def find_doubts(*, company_id: int, supplier: Customer, content: PurchaseContent, received_on: date) -> list[str]:
    """What the company knows that speaks against the document passing by itself, in the order of SENTENCES."""
    company = Company.objects.get(pk=company_id)
    found = {
        "sums": not sums_hold(content),
        "vat": not vat_holds(content.vat_rows),
        "duplicate": bool(similar_purchases(supplier=supplier, content=content)),
        "replaced": is_replaced(supplier=supplier, number=content.number, issue_date=content.issue_date),
        "unusual_amount": _is_unusual(supplier, content),
        "lookalike_name": _is_lookalike(supplier, content),
        "own_company": _is_own(supplier, company),
        "date": not dates_hold(content.issue_date, content.due_date, received_on),
        "large_amount": _is_large(company_id, content),
    }
    if content.iban:
        found |= _of_iban(supplier, content.iban)
    return [code for code in SENTENCES if found.get(code)]


def in_order(doubts: Iterable[str]) -> list[str]:
    """Each once, in the order of SENTENCES; those of another version last."""
    ranks = {code: rank for rank, code in enumerate(SENTENCES)}
    return sorted(dict.fromkeys(doubts), key=lambda code: ranks.get(code, len(ranks)))


def dates_hold(issue_date: date, due_date: date | None, received_on: date) -> bool:
    """Neither to come, nor older than a year, nor due before it was written."""
    return received_on - A_YEAR <= issue_date <= received_on and (due_date is None or due_date >= issue_date)


def similar_purchases(*, supplier: Customer, content: PurchaseContent) -> list[PurchaseInvoice]:
    """What may be the same invoice under another number, or of another row of the same supplier."""
    rows = PurchaseInvoice.everywhere.filter(company_id=supplier.company_id).exclude(status="REFUSED")
    around = rows.filter(
        kind=content.kind, issue_date__range=(content.issue_date - A_YEAR, content.issue_date + A_YEAR)
    )
    same_amount = abs(content.total_gross)
    wanted = "".join(filter(str.isalnum, content.number)).lower()
    found = []
    for row in around.filter(supplier=supplier).order_by("-issue_date", "pk")[:500]:
        written = "".join(filter(str.isalnum, row.number)).lower()
        close = abs(row.issue_date - content.issue_date) <= A_WEEK
        if row.number != content.number and (written == wanted or (close and row.total_gross == same_amount)):
            found.append(row)
    elsewhere = around.exclude(supplier=supplier).filter(number=content.number, total_gross=same_amount)
    return found + list(elsewhere.filter(issue_date=content.issue_date).order_by("pk")[:5])


def _of_iban(supplier: Customer, iban: str) -> dict[str, bool]:
    if not iban_number.is_valid(iban):
        return {"checksum": True}
    doubt = doubt_of_iban(supplier=supplier, iban=iban_number.validate(iban))
    return {doubt: True} if doubt else {}


def _is_unusual(supplier: Customer, content: PurchaseContent) -> bool:
    of_a_year = PurchaseInvoice.everywhere.filter(
        supplier=supplier, status__in=IN_BOOKS, kind=content.kind, currency=content.currency
    ).filter(issue_date__gte=content.issue_date - A_YEAR)
    known = of_a_year.aggregate(count=Count("pk"), highest=Max("total_gross"))
    return known["count"] >= USUAL and abs(content.total_gross) > UNUSUAL * known["highest"]


def _is_lookalike(supplier: Customer, content: PurchaseContent) -> bool:
    """A supplier without a past, named nearly as one that has one."""
    if PurchaseInvoice.everywhere.filter(supplier=supplier, status__in=IN_BOOKS).exists():
        return False
    names = {plain_name(supplier.name), plain_name(content.supplier_name)} - {""}
    others = Customer.everywhere.filter(company_id=supplier.company_id, purchases__status__in=IN_BOOKS)
    known = others.exclude(pk=supplier.pk).distinct().values_list("name", flat=True)
    return any(resembles(name, plain_name(other)) for other in known.iterator(2000) for name in names)


def _is_own(supplier: Customer, company: Company) -> bool:
    same_number = bool(company.vat_number) and supplier.vat_number == company.vat_number
    return supplier.siren == company.siren if supplier.siren else same_number


def _is_large(company_id: int, content: PurchaseContent) -> bool:
    limit: Decimal | None = (
        PurchaseSettings.everywhere.filter(company_id=company_id).values_list("person_above", flat=True).first()
    )
    return limit is not None and abs(content.total_gross) >= limit
