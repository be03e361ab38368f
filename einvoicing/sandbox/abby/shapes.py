"""What the simulated Abby answers, with every field that its description promises."""

from __future__ import annotations

from typing import Any

from config.sandbox.models import SandboxRecord

NOTES = (
    "headerNote", "footerNote", "generalTermsAndConditionsOfSale", "mentionMediator", "paymentMethods",
    "otherPaymentMethod", "vatMention",
)  # fmt: skip
_ADDRESS = {"address": "", "city": "", "zipCode": "", "country": "FR"}
_BANK = {"iban": "", "bic": "", "holder": ""}
_DISPLAYED = (
    "displayFullName", "displayEmail", "displayPhoneNumber", "displaySAPAgreement", "displayLegalStatus",
    "displayRequiredMentionsProduct", "displayMemberOfAnApprovedAssociation", "displayAbbyLogo", "displayTitle",
)  # fmt: skip


def me(client_id: str) -> dict[str, Any]:
    company = {
        "id": client_id, "commercialName": "Bac à sable", "siret": "73282932000074", "legalStatut": "sarl",
        "address": "12 rue des Lilas", "city": "Lyon", "isInTestMode": True,
    }  # fmt: skip
    user = {
        "id": client_id, "email": "bac@example.org", "firstname": "Bac", "lastname": "À sable",
        "fullname": "Bac À sable", "firebaseToken": "",
    }  # fmt: skip
    preferences = {
        "rentability": {"defaultProductMargin": 0, "defaultOverheadCosts": 0},
        "notification": {"push": {"urssafReminder": False}},
    }
    return {"company": company, "preferences": preferences, "user": user}


def organization(row: SandboxRecord) -> dict[str, Any]:
    known = {name: value for name, value in row.facts.items() if name != "preferences"}
    return {
        "commercialName": "", "emails": [], "siret": "", "vatNumber": "", "countContacts": 0,
        "billingAddress": _ADDRESS, "deliveryAddress": _ADDRESS, "bankInformations": _BANK, "notes": "",
        "archivedAt": 0, "hasBillings": False, "test": True, **known, "id": row.key,
    }  # fmt: skip


def contact(row: SandboxRecord) -> dict[str, Any]:
    known = {name: value for name, value in row.facts.items() if name != "preferences"}
    return {"hasBillings": False, "test": True, "hasTiersPrestation": False, **known, "id": row.key}


def contact_in_list(row: SandboxRecord) -> dict[str, Any]:
    facts = row.facts
    return {
        "id": row.key,
        "fullname": f"{facts['firstname']} {facts['lastname']}",
        "emails": facts.get("emails", []),
        "createdAt": facts["createdAt"],
        "hasBillings": False,
        "test": True,
    }


def customer(row: SandboxRecord) -> dict[str, Any]:
    """The customer as a billing document names it."""
    facts, address = row.facts, row.facts.get("billingAddress") or _ADDRESS
    known = ("name", "commercialName", "siret", "vatNumber", "firstname", "lastname", "emails")
    return {
        "id": row.key,
        "legacyId": row.key,
        f"{row.kind}Id": row.key,
        "token": f"token-{row.key}",
        "test": True,
        "deliveryAddressIsSame": True,
        "billingAddress": {
            "line1": address["address"] or "",
            "city": address["city"] or "",
            "zipCode": address["zipCode"] or "",
            "country": address["country"],
        },
        **{name: facts[name] for name in known if name in facts},
    }


def billing(kind: str) -> dict[str, Any]:
    """An invoice or an asset of which nothing was said yet."""
    both: dict[str, Any] = {
        "type": kind, "title": "", "locale": "fr", "test": True, "isEditable": True, "currencyCode": "EUR",
        "currency": {"currencyCode": "EUR", "currencyDate": 0, "currencyRate": 1, "origin": "ECB"},
        "attachments": [], "finalizeRequirements": [], "emitter": {"name": "Bac à sable"},
        "billingLegals": {"vatMention": "not_subject", "paymentMethods": []}, "compatibilityVersion": "V2",
        "displayDeliveryAddress": False, "paymentDelay": "at_reception", "includeDiscountDisbursement": False,
        "displaySettings": dict.fromkeys(_DISPLAYED, True),
    }  # fmt: skip
    if kind == "asset":
        return both
    return both | {
        "isReminderActivated": False, "isOnlinePaymentActivated": False, "isFinalInvoice": False,
        "hasAssociatedTransaction": False,
    }  # fmt: skip
