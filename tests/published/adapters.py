"""The adapters and the description that each obeys; where the two differ on purpose, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.published import walks

FLOWS, DIRECTORY = "afnor-flow-service-1.3.0.json", "afnor-directory-service-1.3.0.json"
ABBY = "abby-public-openapi-1.90.json"
REVOLUT, INVOICE_NINJA = "revolut-business.json", "invoiceninja-api-docs-5.9.2.yaml"
_OAUTH = "OAuth 2 client credentials (RFC 6749 §4.4): each platform has its own address for tokens"
_SOURCE = "the server's own source (PaymentTransformer, InvoiceTransformer) gives it; its description is behind"
_LIST = "components/parameters describes it for every list; the list of payments leaves it out"
_EMPTY = "Abby refuses a call without a body, where it describes none, without a word: an empty object is sent"
_TWO_KINDS = "one of several kinds of document: what an invoice must have is all that an asset must have, and more"


@dataclass(frozen=True)
class Adapter:
    """`sources`: the modules with the paths it may call. `prefix`: what stands there before the described paths.

    `differs`: what is not as described → why it must be so. One that no exchange shows any longer fails the test.
    """

    name: str
    description: str
    sources: tuple[str, ...]
    prefix: str
    walk: Callable[[str, Path], None]
    differs: Mapping[str, str] = field(default_factory=dict)
    not_called: frozenset[str] = frozenset()  # literals that look like a path: parts of base addresses


ADAPTERS = (
    Adapter(
        "AFNOR flow service",
        FLOWS,
        ("einvoicing/platforms/afnor/client.py",),
        "/flow-service",
        walks.of_flows,
        {
            "no operation POST /oauth/token": _OAUTH,
            "POST /v1/flows/search: answer 200 results[].acknowledgement.details[].reasonCode: "
            "'AlreadyExistingFlow' is valid under each of": "oneOf an enumeration and any text: no word of the "
            "enumeration can be valid under one alone",
        },
        not_called=frozenset({"/{}/v1"}),
    ),
    Adapter(
        "AFNOR directory service",
        DIRECTORY,
        ("einvoicing/platforms/afnor/directory.py",),
        "/directory-service",
        walks.of_directory,
        {"no operation POST /oauth/token": _OAUTH},
        not_called=frozenset({"/{}/v1"}),
    ),
    Adapter(
        "Abby",
        ABBY,
        ("einvoicing/platforms/abby/client.py",),
        "",
        walks.of_abby,
        {
            "no operation POST /incomeBook": "not published: written where the company asks for it",
            "POST /v2/billing/invoice/{customerId}: request body application/json is unknown": _EMPTY,
            "POST /v2/billing/invoice/{invoiceId}/asset: request body application/json is unknown": _EMPTY,
            "GET /v2/billing/{documentId}: answer 200: {'type': 'invoice'": _TWO_KINDS,
            "PATCH /v2/billing/{documentId}/title: answer 200: {'type': 'invoice'": _TWO_KINDS,
            "PATCH /v2/billing/{billingId}/lines: answer 200: {'type': 'invoice'": _TWO_KINDS,
        },
    ),
    Adapter(
        "Revolut Business",
        REVOLUT,
        ("payments/feeds/revolut/client.py",),
        "/revolut/api/1.0",
        walks.of_revolut,
        {"no operation POST /auth/token": "described in words, under the security scheme AccessToken (RFC 7523)"},
        not_called=frozenset(
            {"/app-confirm", "/api/1.0"}
        ),  # a person's browser goes there; the end of the base address
    ),
    Adapter(
        "Invoice Ninja",
        INVOICE_NINJA,
        ("payments/feeds/invoice_ninja.py",),
        "",
        walks.of_invoice_ninja,
        {
            "GET /api/v1/payments: query per_page is unknown": _LIST,
            "GET /api/v1/payments: answer 200 field data[].applied is unknown": _SOURCE,
            "GET /api/v1/payments: answer 200 field data[].client is unknown": _SOURCE,
            "GET /api/v1/payments: answer 200 field data[].currency_id is unknown": _SOURCE,
            "GET /api/v1/payments: answer 200 field data[].status_id is unknown": _SOURCE,
            "GET /api/v1/payments: answer 200 field data[].invoices[].id is unknown": _SOURCE,
            "GET /api/v1/payments: answer 200 field data[].invoices[].number is unknown": _SOURCE,
            "GET /api/v1/payments: answer 200 data[].paymentables: [": "described as one object, given as a list",
            "GET /api/v1/ping: answer 200 application/json is unknown": "the description has its words, not its fields",
        },
        not_called=frozenset({"/api/v1"}),
    ),
)
