"""What goes to Abby: customers, the draft copy of an invoice, receipts. Money is in whole cents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from config.kernel.clock import PARIS
from config.kernel.errors import RemoteError
from config.kernel.money import ZERO, round2
from customers.territories import EUROPEAN_UNION, FRANCE
from einvoicing import document as model
from einvoicing.platforms.base import NotCarried

VAT_CODES: dict[Decimal, str] = {
    Decimal("20"): "FR_2000",
    Decimal("10"): "FR_1000",
    Decimal("8.5"): "FR_850",
    Decimal("5.5"): "FR_550",
    Decimal("2.1"): "FR_210",
}
WITHOUT_VAT = "FR_00HT"
WITHIN_UNION = "FR_00UE"
OUTSIDE_UNION = "FR_0HUE"
UNITS: dict[str, str] = {
    "C62": "unit",
    "EA": "unit",
    "H87": "unit",
    "MIN": "minute",
    "HUR": "hour",
    "DAY": "day",
    "WEE": "week",
    "MON": "month",
    "ANN": "year",
    "GRM": "gram",
    "KGM": "kilogram",
    "TNE": "ton",
    "LTR": "liter",
    "MTR": "meter",
    "KMT": "kilometer",
    "MTK": "square_meter",
    "MTQ": "cubic_meter",
    "LS": "fixed_rate",
}
# the kind of sale, by the first letter of BT-23; of a mixed invoice a person says it at Abby, line by line
KINDS: dict[str, str] = {"B": "sale_of_goods", "S": "service_delivery"}
# numbers of the book of receipts, whose meaning is not published: they are taken to follow the order of the lists
# PaymentMethod and ProductType (1: goods …); a person may change them at Abby
MEANS: dict[str, int] = {"TRANSFER": 1, "DIRECT_DEBIT": 2, "CARD": 3, "CHECK": 4, "CASH": 6}
OTHER_MEANS = 9
PRODUCT_TYPE = 1


def refused(message: str, code: str) -> RemoteError:
    """A person has to look: trying again changes nothing."""
    return RemoteError(message, retryable=False, code=code)


def cents(amount: Decimal) -> int:
    """An amount of at most two decimals as whole cents. Raises ValueError rather than lose a part of a cent."""
    whole = amount * 100
    if whole != whole.to_integral_value():
        raise ValueError("the amount has a part of a cent")
    return int(whole)


def lines(invoice: model.Invoice) -> dict[str, Any]:
    """The lines, then the charges on the whole invoice (BG-21) as lines of their own, less the allowances (BG-20).

    Raises NotCarried for what Abby cannot copy without changing it.
    """
    if invoice.currency != "EUR":
        raise NotCarried("Seules les factures en euros sont recopiées dans Abby.", "currency_not_mirrored")
    country = invoice.buyer.address.country if invoice.buyer.address else "FR"
    kind = KINDS.get(invoice.business_process[:1])
    rows = [_line(line, kind, vat_code(line.vat_category, line.vat_rate, country)) for line in invoice.lines]
    for charge in invoice.charges:
        code = vat_code(charge.vat_category, charge.vat_rate, country)
        rows.append(_row(charge.reason or "Frais", cents(charge.amount), 1, None, kind, code))
    allowances = [
        (vat_code(allowance.vat_category, allowance.vat_rate, country), cents(allowance.amount))
        for allowance in invoice.allowances
    ]
    if not allowances:
        return {"lines": rows}
    if len({row["vatCode"] for row in rows}) == 1:
        return {"lines": rows, "discount": _discount(sum(amount for _code, amount in allowances))}
    # how Abby shares one discount among several rates is not published: each is taken off lines of its own rate
    for code, amount in allowances:
        _take_off([row for row in rows if row["vatCode"] == code], amount)
    return {"lines": rows}


def _take_off(rows: list[dict[str, Any]], amount: int) -> None:
    """Discount the lines one after the other, none beyond its price. Raises NotCarried when they are too small."""
    for row in rows:
        off = row.get("discount", {}).get("amount", 0)
        more = min(amount, int(Decimal(row["unitPrice"]) * Decimal(str(row["quantity"]))) - off)
        if more > 0:
            row["discount"] = _discount(off + more)
            amount -= more
    if amount:
        raise NotCarried("Abby n’a pas de ligne d’où retirer cette remise.", "discount_not_mirrored")


def _discount(amount: int) -> dict[str, Any]:
    return {"mode": "AMOUNT", "amount": amount}


def _line(line: model.Line, kind: str | None, code: str) -> dict[str, Any]:
    """The price before its discount where all is in whole cents, else the line's net amount once: never rounded."""
    unit, base = UNITS.get(line.unit), line.price_base_quantity or Decimal(1)
    price = line.gross_price or line.unit_price
    whole = price * line.quantity
    if base == 1 and price == round2(price) and whole == round2(whole) and whole >= line.net >= ZERO:
        row = _row(line.name, cents(price), _number(line.quantity), unit, kind, code)
        described = line.description
        if whole > line.net:
            row["discount"] = _discount(cents(whole - line.net))
    else:
        row = _row(line.name, cents(line.net), 1, None, kind, code)
        counted = f"{line.quantity.normalize():f} × {line.unit_price.normalize():f} €"
        described = "\n".join(filter(None, (line.description, counted.replace(".", ","))))
    extra = {"description": described, "reference": line.seller_identifier}
    return row | {name: text for name, text in extra.items() if text}


def _row(
    designation: str, unit_price: int, quantity: int | float, unit: str | None, kind: str | None, code: str
) -> dict[str, Any]:
    return {
        "designation": designation,
        "unitPrice": unit_price,
        "quantity": quantity,
        "quantityUnit": unit,
        "type": kind,
        "vatCode": code,
        "isTaxIncluded": False,
    }


def _number(quantity: Decimal) -> int | float:
    """A quantity as JSON writes it: it is no money, and its few decimals survive."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def vat_code(category: str, rate: Decimal | None, country: str) -> str:
    """Abby's code of a VAT category and rate (BT-151, BT-152). Raises NotCarried for a rate it has no code for."""
    if category == "S" and rate in VAT_CODES:
        return VAT_CODES[rate]
    if category in {"E", "Z", "O"}:
        return WITHOUT_VAT
    if category == "AE":
        return WITHIN_UNION if country in EUROPEAN_UNION - {FRANCE} else WITHOUT_VAT
    if category == "K":
        return WITHIN_UNION
    if category == "G":
        return OUTSIDE_UNION
    raise NotCarried("Abby n’a pas de code pour ce taux de TVA.", "vat_rate_not_mirrored")


def timeline(invoice: model.Invoice) -> dict[str, Any]:
    """The dates, as midnights in Paris, in seconds."""
    body: dict[str, Any] = {"emittedAt": _seconds(invoice.issue_date), "paymentDelay": "at_reception"}
    if invoice.due_date:
        body |= {"paymentDelay": "other", "customDueDate": _seconds(invoice.due_date)}
    if invoice.delivery and invoice.delivery.date:
        body["deliveryDate"] = _seconds(invoice.delivery.date)
    return body


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=PARIS).timestamp())


def general_informations(invoice: model.Invoice) -> dict[str, Any]:
    """What the copy says of itself. It is written last: a copy that has it is whole."""
    return {"headerNote": f"{note(invoice.number)} émise le {invoice.issue_date:%d/%m/%Y}. Ne pas finaliser."}


def note(number: str) -> str:
    return f"Copie de la facture {number}"


def is_whole(billing: Mapping[str, Any], number: str) -> bool:
    """Whether the last step of the copy was made. When Abby does not show it, it is made again: nothing changes."""
    legals = billing.get("billingLegals")
    header_note = str(legals.get("headerNote") or "") if isinstance(legals, dict) else ""
    return header_note.startswith(f"{note(number)} ") and bool(billing.get("lines"))


def organization(buyer: model.Party) -> dict[str, Any]:
    record = {
        "name": buyer.name,
        "commercialName": buyer.trade_name,
        "siret": buyer.siret,
        "vatNumber": buyer.vat_number,
        "emails": emails(buyer),
        "billingAddress": _address(buyer.address),
    }
    return {name: value for name, value in record.items() if value}


def contact(buyer: model.Party) -> dict[str, Any]:
    """An individual; the invoice has one name (BT-44), Abby wants two."""
    first, _, last = buyer.name.partition(" ")
    record = {
        "firstname": first,
        "lastname": last or "–",
        "emails": emails(buyer),
        "billingAddress": _address(buyer.address),
    }
    return {name: value for name, value in record.items() if value}


def emails(buyer: model.Party) -> list[str]:
    by_mail = buyer.electronic_address if buyer.electronic_scheme == "EM" else ""
    given = buyer.contact.email if buyer.contact else ""
    return list(dict.fromkeys(filter(None, (given, by_mail))))


def _address(address: model.Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "address": address.line_one or None,
        "complement": address.line_two or None,
        "city": address.city or None,
        "zipCode": address.postcode or None,
        "country": address.country,
    }


def income(receipt: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """One entry of the book of receipts: what came in, the VAT of what it pays taken out rate by rate.

    `receipt`: client, amount, paid_on (ISO), method, shares (rate → amount with VAT), as we queued it.
    """
    gross = Decimal(receipt["amount"])
    shares = {Decimal(rate): Decimal(amount) for rate, amount in receipt["shares"].items()}
    vat = sum((amount - round2(amount * 100 / (100 + rate)) for rate, amount in shares.items()), ZERO)
    day = date.fromisoformat(receipt["paid_on"])
    return {
        "client": receipt["client"],
        "priceTotalTax": cents(gross),
        "priceWithoutTax": cents(gross - vat),
        "vatAmount": cents(vat),
        "reference": reference,
        "productType": PRODUCT_TYPE,
        "paidAt": datetime(day.year, day.month, day.day, tzinfo=PARIS).isoformat(),
        "paymentMethodUsed": {"value": MEANS.get(receipt["method"], OTHER_MEANS)},
        "isTaxIncluded": True,
    }
