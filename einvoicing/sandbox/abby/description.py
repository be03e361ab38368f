"""What the simulated Abby takes: each route with its query and its body, field by field. Anything else is refused.

Written from the published description of the API (1.90), which `tests/einvoicing/platforms/abby/test_description.py`
compares with it. The receipts (`POST /incomeBook`) are not in it: an account has them where they were opened to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from customers.countries import CODES as COUNTRIES


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or a query. `enum`: the only words it may be; `fields`: those of an object."""

    kind: str  # string, number, boolean, array or object
    required: bool = False
    nullable: bool = False
    enum: tuple[str, ...] = ()
    items: Field | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)


Shape = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Route:
    """`body` is None where the description has none: an empty object is taken, and nothing in it."""

    query: Shape = field(default_factory=dict)
    body: Shape | None = None
    published: bool = True


def needed(kind: Field) -> Field:
    return replace(kind, required=True)


def nullable(kind: Field) -> Field:
    return replace(kind, nullable=True)


def one_of(words: str) -> Field:
    return Field("string", enum=tuple(words.split()))


def made_of(**fields: Field) -> Field:
    return Field("object", fields=fields)


TEXT, NUMBER, BOOLEAN = Field("string"), Field("number"), Field("boolean")
TEXTS = Field("array", items=TEXT)
STATES = one_of("draft finalized signed refused paid").enum
CURRENCY = one_of("EUR GBP CHF USD AUD CAD JPY CNH CZK DKK BGN PLN HUF RON SEK NOK TRY BRL HKD ILS INR KRW MXN")
LOCALE = one_of("fr en de it nl pt es")
DELAY = one_of(
    "at_reception end_of_month seven_days ten_days fifteen_days thirty_days thirty_days_end_of_month forty_five_days "
    "forty_five_days_end_of_month sixty_days sixty_days_end_of_month ninety_days ninety_days_end_of_month "
    "one_hundred_and_twenty_days other"
)
UNIT = one_of(
    "unit gram hour day week fixed_rate year character line license article month kilogram kilometer liter batch meter "
    "square_meter cubic_meter linear_meter person ton word page leaflet paragraph minute overnight_stay"
)
KIND_OF_SALE = one_of(
    "sale_of_goods service_delivery commercial_or_craft_services sale_of_manufactured_goods disbursement"
)
VAT_CODE = one_of("FR_210 FR_550 FR_850 FR_1000 FR_2000 FR_00HT FR_00UE FR_0HUE")
VAT_MENTION = one_of(
    "not_subject second_hand_good art_object collection_antique travel_agency vat_not_applicable vat_not_applicable_2 "
    "vat_exemption vat_exemption_eu_sale vat_exemption_eu_service vat_construction vat_psychologist vat_psychologist_2 "
    "vat_reverse_charge vat_reverse_charge_2 vat_reverse_charge_3 vat_reverse_charge_4 vat_reduced_rate "
    "vat_reduced_rate_2 vat_article_261c_cgi vat_exemption_294_cgi"
)
DISCOUNT = made_of(mode=needed(one_of("PERCENTAGE AMOUNT")), amount=needed(NUMBER))
ADDRESS = made_of(
    address=needed(nullable(TEXT)), complement=nullable(TEXT), city=needed(nullable(TEXT)),
    zipCode=needed(nullable(TEXT)), state=TEXT, country=needed(Field("string", enum=tuple(sorted(COUNTRIES)))),
)  # fmt: skip
PREFERENCES = made_of(language=LOCALE, currency=CURRENCY, paymentMethods=TEXTS)
BANK = made_of(iban=needed(TEXT), bic=needed(TEXT), holder=needed(TEXT))
LINE = made_of(
    generatedId=TEXT, productId=TEXT, unitPrice=needed(NUMBER), quantity=needed(NUMBER),
    quantityUnit=needed(nullable(UNIT)), designation=needed(TEXT), reference=TEXT, description=TEXT,
    type=needed(nullable(KIND_OF_SALE)), vatCode=needed(VAT_CODE), discount=DISCOUNT, isDeliveryOfGoods=BOOLEAN,
    isTaxIncluded=BOOLEAN,
)  # fmt: skip
LATE_PENALTY = one_of("three_time_legal_rate bce_director_rate_plus_ten_points other")
NOTES: Shape = {
    "headerNote": TEXT, "footerNote": TEXT, "generalTermsAndConditionsOfSale": TEXT, "mentionMediator": TEXT,
    "paymentMethods": TEXTS, "otherPaymentMethod": TEXT, "vatMention": VAT_MENTION,
    "latePenalty": nullable(made_of(value=needed(LATE_PENALTY), otherValue=TEXT)),
    "lumpSumCompensation": nullable(made_of(value=needed(one_of("forty_euros other")), otherValue=TEXT)),
    "discountAdvancePayment": nullable(made_of(value=needed(one_of("none other")), otherValue=TEXT)),
}  # fmt: skip
REMINDER = made_of(
    inCopy=needed(BOOLEAN), frequency=needed(one_of("on_due_date every_week")), numberOfRemindersToSend=needed(NUMBER),
    active=needed(BOOLEAN), recipients=TEXTS,
)  # fmt: skip
_SEARCH: Shape = {
    "search": TEXT, "orderBy": one_of("name createdAt"), "orderDirection": one_of("ASC DESC"), "archived": BOOLEAN,
}  # fmt: skip
_BOTH: Shape = {
    "emails": TEXTS, "billingAddress": ADDRESS, "deliveryAddress": ADDRESS, "notes": TEXT, "bankInformations": BANK,
    "preferences": PREFERENCES,
}  # fmt: skip
RECEIPT: Shape = {
    "client": needed(TEXT), "priceWithoutTax": needed(NUMBER), "priceTotalTax": needed(NUMBER),
    "vatAmount": needed(NUMBER), "reference": needed(TEXT), "productType": needed(NUMBER), "paidAt": needed(TEXT),
    "paymentMethodUsed": needed(made_of(value=needed(NUMBER))), "isTaxIncluded": BOOLEAN,
}  # fmt: skip

ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/v2/company/me"): Route(),
    ("GET", "/organizations"): Route(query={"page": needed(NUMBER), "limit": needed(NUMBER), **_SEARCH}),
    ("GET", "/contacts"): Route(query={"page": NUMBER, "limit": NUMBER, **_SEARCH, "forCertificate": BOOLEAN}),
    ("POST", "/organization"): Route(
        body={"name": needed(TEXT), "commercialName": TEXT, "siret": TEXT, "vatNumber": TEXT, **_BOTH}
    ),
    ("POST", "/contact"): Route(
        body={"firstname": needed(TEXT), "lastname": needed(TEXT), "phone": TEXT, "jobTitle": TEXT, **_BOTH}
    ),
    ("POST", "/v2/billing/invoice/{key}"): Route(),
    ("GET", "/v2/billing/invoice/{key}"): Route(),
    ("PATCH", "/v2/billing/invoice/{key}/timeline"): Route(
        body={
            "emittedAt": needed(NUMBER),
            "paymentDelay": needed(DELAY),
            "customDueDate": NUMBER,
            "deliveryDate": nullable(NUMBER),
        }
    ),
    ("PATCH", "/v2/billing/invoice/{key}/general-informations"): Route(
        body={**NOTES, "isOnlinePaymentActivated": BOOLEAN, "reminder": REMINDER}
    ),
    ("POST", "/v2/billing/invoice/{key}/asset"): Route(),
    ("GET", "/v2/billing/asset/{key}"): Route(),
    ("PATCH", "/v2/billing/asset/{key}/general-informations"): Route(body=NOTES),
    ("GET", "/v2/billing/{key}"): Route(),
    ("DELETE", "/v2/billing/{key}"): Route(),
    ("PATCH", "/v2/billing/{key}/title"): Route(body={"title": needed(nullable(TEXT))}),
    ("PATCH", "/v2/billing/{key}/lines"): Route(
        body={"lines": needed(Field("array", items=LINE)), "discount": DISCOUNT}
    ),
    ("PATCH", "/v2/billing/{key}/finalize"): Route(),
    ("GET", "/v2/billing/{key}/download"): Route(query={"locale": LOCALE}),
    ("POST", "/incomeBook"): Route(body=RECEIPT, published=False),
}
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,),
}  # fmt: skip


def problems_of(shape: Shape, value: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """What Abby would say of each field that is missing, unknown or not as described, in its framework's words."""
    for name in value:
        if name not in shape:
            yield f"property {place}{name} should not exist"
    for name, described in shape.items():
        if name in value:
            yield from _problems_of(described, value[name], f"{place}{name}")
        elif described.required:
            yield f"{place}{name} should not be null or undefined"


def _problems_of(described: Field, value: Any, name: str) -> Iterator[str]:
    if value is None and described.nullable:
        return
    is_right = isinstance(value, _PYTHON[described.kind]) and (described.kind == "boolean") == isinstance(value, bool)
    if not is_right:
        yield f"{name} must be a {described.kind}"
    elif described.enum and value not in described.enum:
        yield f"{name} must be one of the following values: {', '.join(described.enum)}"
    elif described.items is not None:
        for place, item in enumerate(value):
            yield from _problems_of(described.items, item, f"{name}.{place}")
    elif described.kind == "object":
        yield from problems_of(described.fields, value, f"{name}.")


def typed(shape: Shape, query: Mapping[str, str]) -> dict[str, Any]:
    """A query string as its description types it; what cannot be read so stays text, and is refused as such."""
    return {name: _typed(shape[name].kind, text) if name in shape else text for name, text in query.items()}


def _typed(kind: str, text: str) -> Any:
    if kind == "number" and text.isascii() and text.isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text
