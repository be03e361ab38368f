"""Documents the tests of e-invoicing share: the standard French invoice, its credit note, and their kin."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from einvoicing import document as model

NOTES = (
    model.Note("PMT", "Indemnité forfaitaire pour frais de recouvrement en cas de retard : 40 €."),
    model.Note("PMD", "Pénalités de retard : trois fois le taux d’intérêt légal."),
    model.Note("AAB", "Pas d’escompte pour paiement anticipé."),
)
PROCESSING_B2B = model.Note("BAR", "B2B")
SELLER = model.Party(
    name="Atelier Durand SARL",
    siren="732829320",
    siret="73282932000074",
    vat_number="FR44732829320",
    legal_information="SARL au capital de 10 000 €",
    electronic_address="732829320",
    electronic_scheme="0225",
    address=model.Address(line_one="12 rue des Lilas", postcode="69003", city="Lyon", country="FR"),
    contact=model.Contact(name="Comptabilité", phone="+33 4 72 00 00 00", email="compta@atelier-durand.fr"),
)
BUYER = model.Party(
    name="Boulangerie Martin",
    siren="552100554",
    siret="55210055400013",
    vat_number="FR23552100554",
    electronic_address="552100554",
    electronic_scheme="0225",
    address=model.Address(line_one="3 place du Marché", postcode="75011", city="Paris", country="FR"),
)
INDIVIDUAL = model.Party(
    name="Claire Petit",
    electronic_address="claire.petit@example.org",
    electronic_scheme="EM",
    address=model.Address(line_one="8 allée des Tilleuls", postcode="35000", city="Rennes", country="FR"),
)
PUBLIC_BODY = model.Party(
    name="Commune de Belleville",
    siren="217500016",
    siret="21750001600019",
    electronic_address="217500016_21750001600019_SRV01",
    electronic_scheme="0225",
    address=model.Address(line_one="Place de la Mairie", postcode="75004", city="Paris", country="FR"),
)


def standard_invoice() -> model.Invoice:
    """10 × 100.00 at 20 %: 1000.00, 200.00, 1200.00."""
    return model.Invoice(
        number="FAC-2026-00001",
        issue_date=date(2026, 11, 20),
        type_code="380",
        due_date=date(2026, 12, 20),
        business_process="S1",
        vat_point_code="5",
        notes=(*NOTES, PROCESSING_B2B),
        buyer_reference="CLIENT-42",
        purchase_order="CMD-7",
        contract="CT-2026-1",
        seller=SELLER,
        buyer=BUYER,
        delivery=model.Delivery(date=date(2026, 11, 19)),
        payment=model.Payment(
            means_code="30",
            reference="FAC-2026-00001",
            iban="FR7630006000011234567890189",
            bic="AGRIFRPP",
            account_name="Atelier Durand SARL",
            terms="Paiement à 30 jours",
        ),
        totals=model.Totals(
            lines=Decimal(1000), net=Decimal(1000), vat=Decimal(200), gross=Decimal(1200), payable=Decimal(1200)
        ),
        vat=(model.VatSubtotal(category="S", rate=Decimal(20), base=Decimal(1000), amount=Decimal(200)),),
        lines=(
            model.Line(
                id="1",
                name="Prestation de conseil",
                description="Accompagnement, novembre 2026",
                quantity=Decimal(10),
                unit="HUR",
                unit_price=Decimal(100),
                net=Decimal(1000),
                vat_category="S",
                vat_rate=Decimal(20),
                seller_identifier="CONSEIL",
            ),
        ),
    )


def credit_note() -> model.Invoice:
    """The whole of the standard invoice given back."""
    return replace(
        standard_invoice(),
        number="AVO-2026-00001",
        type_code="381",
        issue_date=date(2026, 11, 21),
        payment=None,
        preceding=(model.Reference("FAC-2026-00001", date(2026, 11, 20)),),
    )


def individual_invoice() -> model.Invoice:
    """A sale to a consumer: no SIREN, an e-mail address, note BAR=B2C."""
    return replace(
        standard_invoice(),
        number="FAC-2026-00002",
        buyer=INDIVIDUAL,
        buyer_reference="",
        purchase_order="",
        contract="",
        notes=(*NOTES, model.Note("BAR", "B2C")),
    )


def public_invoice() -> model.Invoice:
    """A sale to a public body with a service code (BT-10) and an engagement number (BT-13)."""
    return replace(
        standard_invoice(),
        number="FAC-2026-00003",
        buyer=PUBLIC_BODY,
        buyer_reference="SRV01",
        purchase_order="ENG-2026-889",
        contract="",
    )


def full_invoice() -> model.Invoice:
    """Every group of the model filled, two VAT categories, allowances and charges, arithmetic right."""
    day = date(2026, 11, 1)
    line = replace(
        standard_invoice().lines[0],
        note="Ligne remisée",
        object_identifier=model.Identifier("COMPTEUR-9", "AFD"),
        gross_price=Decimal("110"),
        price_discount=Decimal("10"),
        price_base_quantity=Decimal(1),
        price_base_unit="HUR",
        purchase_order_line="3",
        accounting_reference="706000",
        period=model.Period(day, date(2026, 11, 30)),
        allowances=(
            model.AllowanceCharge(
                amount=Decimal(100), base=Decimal(1000), percent=Decimal(10), reason="Remise", reason_code="95"
            ),
        ),
        charges=(model.AllowanceCharge(amount=Decimal(20), reason="Frais", reason_code="FC"),),
        net=Decimal(920),
        buyer_identifier="B-1",
        standard_identifier=model.Identifier("3017620422003", "0160"),
        classifications=(model.Classification("SKU2578", "SK"),),
        origin_country="FR",
        attributes=(model.Attribute("Couleur", "Rouge"),),
    )
    exempt = model.Line(
        id="2",
        name="Formation",
        quantity=Decimal("0.3333"),
        unit="DAY",
        unit_price=Decimal("240.024002"),
        net=Decimal("80.00"),
        vat_category="E",
        vat_rate=Decimal(0),
    )
    return replace(
        standard_invoice(),
        number="FAC-2026-00004",
        notes=(*NOTES, PROCESSING_B2B, model.Note("REG", "SARL au capital de 10 000 €"), model.Note("", "Merci !")),
        business_process="M1",
        project="PROJET-1",
        sales_order="VTE-1",
        receiving_advice="REC-1",
        despatch_advice="BL-1",
        tender="AO-1",
        invoiced_object=model.Identifier("COMPTEUR-8", "AFD"),
        accounting_reference="CPT-BUY",
        preceding=(model.Reference("FAC-2025-00001", date(2025, 11, 1)),),
        seller=replace(
            SELLER,
            trade_name="Chez Durand",
            address=model.Address(
                line_one="12 rue des Lilas",
                line_two="Bâtiment B",
                line_three="2e étage",
                postcode="69003",
                city="Lyon",
                subdivision="Rhône",
                country="FR",
            ),
        ),
        buyer=replace(BUYER, contact=model.Contact(name="Achats"), trade_name="Le Fournil"),
        payee=model.Payee(
            name="Affactureur",
            identifier=model.Identifier("55203253400646", "0009"),
            legal_identifier=model.Identifier("552032534", "0002"),
        ),
        tax_representative=model.TaxRepresentative(
            name="Représentant fiscal", vat_number="FR23552100554", address=model.Address(country="FR")
        ),
        delivery=model.Delivery(
            date=date(2026, 11, 19),
            name="Fournil",
            location=model.Identifier("55210055400021", "0009"),
            address=model.Address(line_one="Quai 3", postcode="75012", city="Paris", country="FR"),
        ),
        period=model.Period(day, date(2026, 11, 30)),
        payment=model.Payment(
            means_code="59",
            means_text="Prélèvement",
            reference="FAC-2026-00004",
            iban="FR7630006000011234567890189",
            account_name="Atelier Durand",
            bic="AGRIFRPP",
            mandate="MANDAT-1",
            creditor_identifier="FR72ZZZ123456",
            debited_iban="FR1420041010050500013M02606",
            terms="À réception",
        ),
        allowances=(
            model.AllowanceCharge(
                amount=Decimal(50),
                base=Decimal(1000),
                percent=Decimal(5),
                reason="Fidélité",
                reason_code="100",
                vat_category="S",
                vat_rate=Decimal(20),
            ),
        ),
        charges=(
            model.AllowanceCharge(
                amount=Decimal(30), reason="Port", reason_code="FC", vat_category="S", vat_rate=Decimal(20)
            ),
        ),
        totals=model.Totals(
            lines=Decimal(1000),
            allowances=Decimal(50),
            charges=Decimal(30),
            net=Decimal(980),
            vat=Decimal(180),
            gross=Decimal(1160),
            prepaid=Decimal(160),
            rounding=Decimal("0.01"),
            payable=Decimal("1000.01"),
        ),
        vat=(
            model.VatSubtotal(category="S", rate=Decimal(20), base=Decimal(900), amount=Decimal(180)),
            model.VatSubtotal(
                category="E",
                rate=Decimal(0),
                base=Decimal(80),
                amount=Decimal(0),
                exemption_code="VATEX-FR-CGI261-4",
                exemption_reason="Exonération, art. 261-4-4° du CGI",
            ),
        ),
        attachments=(
            model.Attachment(
                reference="BL-1",
                description="BON_LIVRAISON",
                content=b"%PDF-1.4 bon",
                mime="application/pdf",
                filename="bl.pdf",
            ),
        ),
        lines=(line, exempt),
    )


def full_credit_note() -> model.Invoice:
    """The full invoice given back: what UBL writes elsewhere in a credit note is there too."""
    return replace(
        full_invoice(),
        number="AVO-2026-00002",
        type_code="381",
        preceding=(model.Reference("FAC-1", date(2026, 11, 1)),),
    )
