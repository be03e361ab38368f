"""Products and stock: every change of stock is a movement; the quantity on hand never goes below zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from billing.models import MovementReason, Product, PurchaseOrder, SalesOrder, StockMovement
from billing.totals import check_vat
from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import Company
from config.kernel.rows import edit, lock
from customers.exemptions import is_motive


class ReferenceTaken(DomainError):
    code = "reference_taken"
    message = "Un produit porte déjà cette référence."


class NotEnoughStock(DomainError):
    code = "not_enough_stock"
    message = "Stock insuffisant pour « %(product)s » : %(on_hand)s en stock, %(wanted)s demandés."


class NoStockKept(DomainError):
    code = "no_stock_kept"
    message = "« %(product)s » n’est pas suivi en stock."


STOCK_LEFT = gettext_noop("Il reste du stock. Faites un inventaire à zéro avant d’arrêter le suivi.")
NO_MOTIVE = "Ce motif n’est pas de la liste VATEX pour ce régime de TVA."


@transaction.atomic
def save_product(
    *, product: Product | None, company_id: int, values: Mapping[str, Any], actor: Actor, at: datetime
) -> Product:
    """Create the product, or change the given one; documents keep what they said. Raises ReferenceTaken, Invalid."""
    row = lock(product) if product else Product(company_id=company_id)
    after = {name: getattr(row, name) for name in ("vat_category", "vat_rate", "is_service")} | dict(values)
    check_vat(after["vat_category"], after["vat_rate"])
    code = values.get("exemption_code", "")
    if code and not is_motive(code, after["vat_category"]):
        raise Invalid(fields={"exemption_code": NO_MOTIVE})
    service = {"tracks_stock": False} if after["is_service"] else {}
    try:
        # a savepoint: without it the broken constraint ends the caller's transaction, too
        with transaction.atomic():
            edit(row, {**values, **service})
    except IntegrityError as error:
        if "one_product_per_reference" in str(error):
            raise ReferenceTaken(fields={"reference": ReferenceTaken.message}) from error
        raise
    tag = "billing.product.changed" if product else "billing.product.created"
    audit.record(tag, subject=row, actor=actor, at=at, data={"reference": row.reference, "unit_price": row.unit_price})
    return row


@transaction.atomic
def add_products(*, company: Company, rows: Sequence[Mapping[str, Any]], actor: Actor, at: datetime) -> list[Product]:
    """Create them all, in this order. Raises IntegrityError where one bears a reference that another bears already."""
    created = timezone.now()
    products = [Product(company=company, created_at=created, **values) for values in rows]
    Product.everywhere.bulk_create(products)
    happenings = [
        audit.Happening(subject=row, data={"reference": row.reference, "unit_price": row.unit_price})
        for row in products
    ]
    audit.record_all("billing.product.created", happenings, actor=actor, at=at)
    return products


class ProductArchived(DomainError):
    code = "product_archived"
    message = "Le produit « %(name)s » est archivé : rétablissez-le depuis sa fiche pour l’utiliser."

    def __init__(self, product: Product) -> None:
        super().__init__(name=product.name)


@transaction.atomic
def move_stock(
    *,
    product: Product,
    quantity: Decimal,
    reason: MovementReason,
    actor: Actor,
    at: datetime,
    order: SalesOrder | None = None,
    ordered_by: PurchaseOrder | None = None,
    note: str = "",
) -> StockMovement:
    """Add `quantity` (negative takes out) to the stock. Raises NotEnoughStock, NoStockKept, ProductArchived.

    What was ordered before the product was archived still leaves, and still comes in.
    """
    if not product.tracks_stock:
        raise NoStockKept(product=product.name)
    locked = lock(product)
    if locked.archived_at is not None and order is None and ordered_by is None:
        raise ProductArchived(locked)
    if locked.on_hand + quantity < 0:
        raise NotEnoughStock(
            product=locked.name, on_hand=typography.number(locked.on_hand), wanted=typography.number(-quantity)
        )
    # PostgreSQL counts the movement into `on_hand`, which nothing else may write
    movement = StockMovement.everywhere.create(
        company_id=product.company_id, product=product, quantity=quantity, reason=reason, order=order, note=note, at=at
    )
    audit.record(
        "billing.stock.moved",
        subject=movement,
        also=[product, *filter(None, (order, ordered_by))],
        actor=actor,
        at=at,
        seal=True,
        data={"quantity": quantity, "movement": str(reason), "product": product.name},
    )
    product.refresh_from_db(fields=["on_hand"])
    return movement


@transaction.atomic
def count_stock(
    *, product: Product, counted: Decimal, actor: Actor, at: datetime, note: str = ""
) -> StockMovement | None:
    """Set the stock to what was counted, by a movement of the difference; None when there is none."""
    locked = lock(product)
    gap = counted - locked.on_hand
    if not gap:
        return None
    return move_stock(product=product, quantity=gap, reason=MovementReason.COUNT, actor=actor, at=at, note=note)


@transaction.atomic
def archive_product(*, product: Product, actor: Actor, at: datetime) -> Product:
    """Take the product out of lists and searches; documents that name it stay. Undone by `restore_product`."""
    product.archived_at = at
    product.save(update_fields=["archived_at"])
    audit.record("billing.product.archived", subject=product, actor=actor, at=at)
    return product


@transaction.atomic
def restore_product(*, product: Product, actor: Actor, at: datetime) -> Product:
    """Sell an archived product again."""
    product.archived_at = None
    product.save(update_fields=["archived_at"])
    audit.record("billing.product.restored", subject=product, actor=actor, at=at)
    return product
