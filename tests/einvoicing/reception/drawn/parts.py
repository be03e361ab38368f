# ruff: noqa: E501, ISC004 - pages written in one breath
"""What layouts are made of: addresses, tables, totals, the account, what the law asks for."""

from __future__ import annotations

from html import escape

from tests.einvoicing.reception.drawn.facts import Facts, Party
from tests.einvoicing.reception.drawn.marks import Marks

FONTS = (
    "DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "DejaVu Sans Condensed", "DejaVu Serif Condensed", "Lato",
    "Caladea", "Manrope",
    "Source Sans Pro", "Source Serif Pro", "Roboto", "Liberation Sans",
)  # fmt: skip


def number_label(marks: Marks) -> str:
    return marks.pick(
        "N° facture",
        "Facture n°",
        "Numéro de facture",
        "N° de facture",
        "Numéro",
        "Facture N°",
        "Réf. facture",
        "N°",
        "Facture numéro",
    )


def issue_label(marks: Marks) -> str:
    return marks.pick(
        "Date",
        "Date de facture",
        "Date d’émission",
        "Date facture",
        "Émise le",
        "Date de facturation",
        "Le",
        "Date d'émission",
    )


def due_label(marks: Marks) -> str:
    return marks.pick(
        "Échéance", "Date d’échéance", "Échéance le", "À régler avant le", "Date limite de paiement", "Payable le",
        "Règlement au plus tard le",
        "Échéance de paiement", "Date de règlement", "Paiement dû le",
    )  # fmt: skip


def order_label(marks: Marks) -> str:
    return marks.pick(
        "Commande n°", "N° de commande", "Votre commande", "Bon de commande", "Réf. commande", "N° commande client",
        "Votre commande n°", "Commande",
        "Bon de commande n°",
    )  # fmt: skip


def title(facts: Facts, marks: Marks) -> str:
    if facts.is_credit:
        return marks.pick("Avoir", "AVOIR", "Facture d’avoir", "FACTURE D'AVOIR", "Note de crédit")
    return marks.pick("Facture", "FACTURE", "FACTURE", "Facture")


def address(party: Party) -> str:
    return f"<p>{escape(party.name)}</p><p>{escape(party.street)}</p><p>{party.postcode} {party.city}</p>"


def lines_table(facts: Facts, marks: Marks, *, narrow: bool = False) -> str:
    chance = marks.chance
    with_rate = len(facts.rows) > 1 or chance.random() < 0.5
    name = marks.pick("Désignation", "Description", "Libellé", "Prestation", "Article")
    heads = [f"<th>{name}</th>", f"<th class='r'>{marks.pick('Qté', 'Quantité', 'Qte')}</th>"]
    if not narrow:
        heads.append(f"<th class='r'>{marks.pick('P.U. HT', 'Prix unitaire HT', 'PU HT', 'Prix unit.')}</th>")
    if with_rate:
        heads.append(f"<th class='r'>{marks.pick('TVA', 'Taux', '% TVA', 'TVA %')}</th>")
    heads.append(f"<th class='r'>{marks.pick('Montant HT', 'Total HT', 'Montant', 'Total')}</th>")
    rows = ""
    for item in facts.items:
        note = (
            f"<br><span style='font-size:80%'>Livraison du {marks.day(facts.issued)}</span>"
            if chance.random() < 0.06
            else ""
        )
        rows += f"<tr><td>{escape(item.name)}{note}</td><td class='r'>{marks.pick(str(item.quantity), f'{item.quantity},00')}</td>"
        rows += "" if narrow else f"<td class='r'>{marks.amount(item.price, money=chance.random() < 0.5)}</td>"
        rows += f"<td class='r'>{marks.rate(item.rate)}</td>" if with_rate else ""
        rows += f"<td class='r'>{marks.amount(_signed(facts, item.net))}</td></tr>"
    return f"<table class='full head {marks.pick('grid', '', 'grid')}'><tr>{''.join(heads)}</tr>{rows}</table>"


def _signed(facts: Facts, value):  # type: ignore[no-untyped-def]
    return -value if facts.is_credit and facts.seed % 3 == 0 else value


def totals_list(facts: Facts, marks: Marks) -> str:
    facts.printed.add("vat")
    chance = marks.chance
    colon = chance.choice((" :", "", ""))
    rows = [
        (
            marks.pick("Total HT", "Montant HT", "Total hors taxes", "Total net HT", "TOTAL H.T.", "Sous-total HT"),
            facts.net,
        )
    ]
    if not facts.vat:
        mention = marks.pick(
            "TVA non applicable, art. 293 B du CGI",
            "TVA non applicable – article 293 B du CGI",
            "Autoliquidation de la TVA",
        )
        body = "".join(
            f"<tr><td>{escape(h)}{colon}</td><td class='r'>{marks.amount(_signed(facts, v))}</td></tr>" for h, v in rows
        )
        gross = marks.pick("Net à payer", "Total à payer", "Total TTC", "Montant à régler")
        return f"<table>{body}<tr class='b'><td>{gross}{colon}</td><td class='r'>{marks.amount(_signed(facts, facts.gross))}</td></tr></table><p>{mention}</p>"
    if len(facts.rows) > 1 and chance.random() < 0.5:
        style = marks.pick("TVA {}", "TVA à {}", "Montant TVA {}")
        rows += [(style.format(marks.rate(rate)), vat) for rate, _base, vat in facts.rows]
        facts.printed.add("taxes by rate")
    else:
        label = marks.pick("TVA", "Total TVA", "Montant TVA", "Montant de la TVA", "T.V.A.")
        if len(facts.rows) == 1:
            label = marks.pick(label, f"TVA {marks.rate(facts.rows[0][0])}", f"TVA ({marks.rate(facts.rows[0][0])})")
        rows.append((label, facts.vat))
    rows.append(
        (
            marks.pick(
                "Total TTC",
                "Montant TTC",
                "TOTAL T.T.C.",
                "Total toutes taxes comprises",
                "Net à payer TTC",
                "Total TTC en euros",
            ),
            facts.gross,
        )
    )
    if chance.random() < 0.25:
        rows.append((marks.pick("Net à payer", "Reste à payer", "Montant dû"), facts.gross))
    body = "".join(
        f"<tr><td>{escape(h)}{colon}</td><td class='r'>{marks.amount(_signed(facts, v))}</td></tr>" for h, v in rows
    )
    return f"<table class='{marks.pick('grid', '')}'>{body}</table>"


def vat_table(facts: Facts, marks: Marks, *, always: bool = False) -> str:
    if not facts.vat or not (always or len(facts.rows) > 1 or marks.chance.random() < 0.3):
        return ""
    facts.printed.add("bases by rate")
    heads = marks.pick(
        "Taux|Base HT|Montant TVA", "TVA|Base|Montant", "Taux TVA|Montant HT|TVA", "Code|Base HT|Taux|TVA"
    )
    rows = ""
    for place, (rate, base, vat) in enumerate(facts.rows):
        cells = {"Code": str(place + 1)}
        named = heads.split("|")
        values = [marks.rate(rate), marks.amount(base, money=False), marks.amount(vat, money=False)]
        if "Code" in named:
            values = [cells["Code"], values[1], values[0], values[2]]
        rows += "<tr>" + "".join(f"<td class='r'>{value}</td>" for value in values) + "</tr>"
    return f"<table class='grid head'><tr>{''.join(f'<th>{head}</th>' for head in heads.split('|'))}</tr>{rows}</table>"


def account(facts: Facts, marks: Marks, *, narrow: bool = False) -> str:
    if facts.is_credit or marks.chance.random() < 0.2:
        return ""
    facts.printed.add("iban")
    bic = f"BIC : {marks.pick('BNPAFRPP', 'AGRIFRPP', 'CMCIFRPP', 'SOGEFRPP')}"
    intro = marks.pick("Règlement par virement", "Coordonnées bancaires", "Virement bancaire", "RIB")
    return f"<p>{intro}</p><p>IBAN{marks.pick(' :', '', ' : ')} {marks.iban(facts.supplier.iban)}</p><p>{bic}</p>"


def conditions(marks: Marks) -> str:
    return "".join(
        f"<p style='font-size:75%'>{text}</p>"
        for text in (
            "En cas de retard de paiement, indemnité forfaitaire de 40 € pour frais de recouvrement (art. "
            "L441-10 du code de commerce).",
            "Pas d’escompte pour paiement anticipé.",
            f"Pénalités de retard : {marks.pick('3 fois le taux d’intérêt légal', '10,57 %', '12 % par an')}.",
            "Conditions générales de vente modifiées le 12/03/2021.",
        )
        if marks.chance.random() < 0.6
    )


def legal(facts: Facts, marks: Marks, *, vat: bool = False) -> str:
    """The line of the law: form, capital, register, numbers."""
    chance, supplier = marks.chance, facts.supplier
    parts = [escape(supplier.name)]
    if chance.random() < 0.7:
        parts.append(
            f"{marks.pick('SARL', 'SAS', 'Société')} au capital de {marks.pick('8 000', '10 000', '50.000', '152 449')} €"
        )
    if chance.random() < 0.5:
        parts.append(
            f"{marks.pick('RCS', 'R.C.S.')} {supplier.city} {marks.pick('B ', '')}{marks.siren(supplier.siren)}"
        )
    else:
        parts.append(f"{marks.pick('SIRET', 'N° Siret', 'SIRET :')} {marks.siret(supplier.siret)}")
    if chance.random() < 0.4:
        parts.append(
            f"{marks.pick('Code APE', 'NAF', 'APE :')} {chance.randrange(1000, 9999)}{marks.pick('A', 'B', 'Z')}"
        )
    if vat or "vat_number" in facts.printed or chance.random() < 0.8:
        facts.printed.add("vat_number")
        parts.append(
            f"{marks.pick('TVA', 'N° TVA intracommunautaire', 'TVA intra :', 'N° TVA :')} {marks.vat(supplier.vat)}"
        )
    if chance.random() < 0.4:
        parts.append(f"{escape(supplier.street)} {supplier.postcode} {supplier.city}")
    return marks.pick(" – ", " - ", " | ", " • ", ", ").join(parts)
