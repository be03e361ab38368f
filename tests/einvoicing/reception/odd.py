"""A layout whose labels no rule knows: its number and its due date are misread until a person has shown them."""

from __future__ import annotations

from html import escape

from tests.einvoicing.reception.drawn.facts import Facts
from tests.einvoicing.reception.drawn.sheets import as_pdf


def french(amount: object) -> str:
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


def odd_page(facts: Facts) -> bytes:
    """As a workshop's own software prints it: « Chrono » for the number, « À honorer pour le » for the due date."""
    rows = "".join(
        f"<tr><td>{escape(item.name)}</td><td class=r>{item.quantity}</td><td class=r>{french(item.price)}</td>"
        f"<td class=r>{french(item.net)}</td></tr>"
        for item in facts.items
    )
    supplier, buyer = facts.supplier, facts.buyer
    return as_pdf(
        f"""<!doctype html><meta charset=utf-8><style>
@page {{ size: A4; margin: 15mm }} body {{ font: 10pt Lato }} table {{ width: 100%; border-collapse: collapse }}
td, th {{ padding: 4px; text-align: left }} .r {{ text-align: right }} .gap {{ margin-top: 8mm }}
</style><h2>{escape(supplier.name)}</h2>
<p>{escape(supplier.street)}, {supplier.postcode} {escape(supplier.city)}</p>
<p>SIRET {supplier.siret} – TVA {supplier.vat}</p>
<p class=gap>Client : {escape(buyer.name)}<br>{escape(buyer.street)}<br>{buyer.postcode} {escape(buyer.city)}</p>
<table class=gap><tr><th>Facture</th><th>Dossier suivi</th><th>Chrono</th><th>À honorer pour le</th></tr>
<tr><td>{facts.issued:%d/%m/%Y}</td><td>AT-5508</td><td>{escape(facts.number)}</td>
<td>{facts.due:%d/%m/%Y}</td></tr></table>
<table class=gap><tr><th>Désignation</th><th class=r>Quantité</th><th class=r>Prix unitaire HT</th>
<th class=r>Montant HT</th></tr>{rows}</table>
<p class="gap r">Total HT : {french(facts.net)} €</p><p class=r>TVA 20 % : {french(facts.vat)} €</p>
<p class=r>Total TTC : {french(facts.gross)} €</p>
<p class=gap>IBAN {supplier.iban}</p>"""
    )
