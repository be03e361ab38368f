"""What suppliers of the demonstration send by its platform: one passes, one has another account, one is a stranger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing.purchases.suppliers import save_supplier
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.identifiers import vat
from config.kernel.models import Company
from config.kernel.money import round2
from customers.models import CustomerKind, PaymentTerms
from einvoicing import document
from einvoicing.formats import cii
from einvoicing.models import PlatformAccount
from einvoicing.sandbox.supplies import AFNOR, supply

NOTES = (
    document.Note("PMT", "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €."),
    document.Note("PMD", "Pénalités de retard : trois fois le taux d’intérêt légal."),
    document.Note("AAB", "Pas d’escompte pour paiement anticipé."),
    document.Note("BAR", "B2B"),
)
TWENTY = Decimal(20)


@dataclass(frozen=True, slots=True)
class Seller:
    name: str
    siret: str
    line: str
    postcode: str
    city: str
    iban: str
    account: str = ""  # on which what it bills is booked; '' for one that is not known yet


PAPER = Seller(
    "Papeterie Lenoir", "44229377500015", "8 rue des Archives", "69003", "Lyon", "FR7630004000031234567890143", "606400"
)
WOOD = Seller(
    "Scierie du Haut-Bugey",
    "39040421800013",
    "Zone du Pré",
    "01100",
    "Oyonnax",
    "FR7610107001011234567890129",
    "601000",
)
STRANGER = Seller(
    "Transports Morel & Fils", "34102536900016", "2 quai du Rhône", "26000", "Valence", "FR7630001007941234567890185"
)
NEW_IBAN = "FR7611315000011234567890138"


def supplies(company: Company, actor: Actor, at: datetime) -> None:
    """Know two suppliers, and have three of their invoices wait at the platform, to be read like any."""
    account = PlatformAccount.objects.filter(company=company, kind=AFNOR).first()
    if account is None:
        return
    for seller in (PAPER, WOOD):
        _know(company, seller, actor, at - timedelta(days=120))
    invoices = (
        (PAPER, "PL-26-1183", PAPER.iban, (("Ramettes A4 80 g", "40", "4.20"), ("Classeurs à levier", "25", "3.10"))),
        (WOOD, "SHB/2026/0471", NEW_IBAN, (("Plateaux de chêne massif", "12", "184.00"),)),
        (STRANGER, "TM-20917", STRANGER.iban, (("Livraison Lyon – Paris, 3 palettes", "1", "640.00"),)),
    )
    for days, (seller, number, iban, lines) in enumerate(invoices, start=2):
        data = cii.render(_invoice(company, seller, number, iban, lines, at - timedelta(days=days)))
        supply(service=AFNOR, client_id=account.client_id, name=f"{number.replace('/', '-')}.xml", data=data, at=at)


def _know(company: Company, seller: Seller, actor: Actor, at: datetime) -> None:
    save_supplier(
        supplier=None,
        company_id=company.pk,
        values={
            "kind": CustomerKind.ORGANISATION,
            "name": seller.name,
            "siret": seller.siret,
            "vat_number": vat.from_siren(seller.siret[:9]),
            "terms": PaymentTerms.objects.get(name="30 jours"),
        },
        address={"line": seller.line, "postcode": seller.postcode, "city": seller.city},
        iban=seller.iban,
        rule={"account": seller.account},
        actor=actor,
        at=at,
    )


def _invoice(
    company: Company, seller: Seller, number: str, iban: str, lines: tuple[tuple[str, str, str], ...], at: datetime
) -> document.Invoice:
    rows = [(name, Decimal(quantity), Decimal(price)) for name, quantity, price in lines]
    net = sum((round2(quantity * price) for _name, quantity, price in rows), Decimal(0))
    tax = round2(net * TWENTY / 100)
    day = local_day(at)
    return document.Invoice(
        number=number,
        type_code="380",
        issue_date=day,
        due_date=day + timedelta(days=30),
        business_process="B1",
        notes=NOTES,
        seller=_party(seller.name, seller.siret, seller.line, seller.postcode, seller.city),
        buyer=_party(company.name, company.siret, company.address_line, company.postcode, company.city),
        delivery=document.Delivery(date=day),
        payment=document.Payment(means_code="30", iban=iban, account_name=seller.name),
        totals=document.Totals(lines=net, net=net, vat=tax, gross=net + tax, payable=net + tax),
        vat=(document.VatSubtotal(category="S", rate=TWENTY, base=net, amount=tax),),
        lines=tuple(
            document.Line(
                id=str(place),
                name=name,
                quantity=quantity,
                unit_price=price,
                net=round2(quantity * price),
                vat_category="S",
                vat_rate=TWENTY,
            )
            for place, (name, quantity, price) in enumerate(rows, start=1)
        ),
    )


def _party(name: str, siret: str, line: str, postcode: str, city: str) -> document.Party:
    siren = siret[:9]
    return document.Party(
        name=name,
        siren=siren,
        siret=siret,
        vat_number=vat.from_siren(siren),
        electronic_address=siren,
        electronic_scheme="0225",
        address=document.Address(line_one=line, postcode=postcode, city=city, country="FR"),
    )
