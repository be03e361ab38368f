# ruff: noqa: E501 - pages written in one breath
"""Families of layouts, each a page as some French software or person makes it. `HELD_OUT` were never used to write rules."""

from __future__ import annotations

import random
from collections.abc import Callable
from html import escape

from tests.einvoicing.reception.drawn.facts import Facts, Party
from tests.einvoicing.reception.drawn.marks import Marks
from tests.einvoicing.reception.drawn.parts import (
    FONTS,
    account,
    address,
    conditions,
    due_label,
    issue_label,
    legal,
    lines_table,
    number_label,
    order_label,
    title,
    totals_list,
    vat_table,
)


def draw(facts: Facts, layout: str = "") -> str:
    """The page in HTML; what it shows is noted in `facts.printed`."""
    chance = random.Random(facts.seed * 7919 + 13)
    name = layout or chance.choice(list(LAYOUTS))
    marks = Marks(chance)
    facts.printed |= {"siren", "gross"}
    body = (LAYOUTS | HELD_OUT)[name](facts, marks, chance)
    font = chance.choice(FONTS)
    size = chance.choice((8.5, 9, 9.5, 10, 10.5))
    accent = chance.choice(("#1f3a5f", "#7a1f2b", "#20603d", "#333", "#0b7285", "#5f3dc4", "#b35c00"))
    paper = "A4 landscape" if name == "wide" else "148mm 210mm" if name == "small" else "A4"
    return f"""<!doctype html><html lang="fr"><meta charset="utf-8"><style>
@page {{ size: {paper}; margin: {chance.choice((10, 14, 18))}mm {chance.choice((12, 15, 18))}mm; }}
body {{ font-family: {font}; font-size: {size}pt; line-height: {chance.choice((1.2, 1.3, 1.45))}; color: #111; margin: 0 }}
table {{ border-collapse: collapse; }} .full {{ width: 100% }} td, th {{ padding: 3px 6px; vertical-align: top; text-align: left }}
.r, .r td, th.r {{ text-align: right; white-space: nowrap }} .grid td, .grid th {{ border: .6pt solid #777 }}
.head th {{ background: {chance.choice((accent, "#eee", "#ddd"))}; color: {chance.choice(("#111", "#111"))} }}
h1 {{ font-size: {chance.choice((16, 20, 26))}pt; color: {accent}; margin: 0 }} .name {{ font-size: {chance.choice((11, 14, 18))}pt; font-weight: bold }}
.cols {{ display: flex; justify-content: space-between }} .foot {{ font-size: 7pt; color: #444; text-align: {chance.choice(("center", "left"))}; margin-top: 8mm }}
.gap {{ margin-top: {chance.choice((4, 6, 9))}mm }} .box {{ border: .7pt solid #999; padding: 5px 8px }} .b {{ font-weight: bold }}
.dark {{ background: {accent}; color: white; padding: 6mm }} p {{ margin: 2px 0 }}
</style><body>{body}</body></html>"""


def classic(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """Supplier at the left, buyer at the right, a row of headings, totals at the right, the law in the footer."""
    heads, values = [number_label(marks), issue_label(marks)], [facts.number, marks.day(facts.issued)]
    _optional(facts, marks, heads, values)
    cells = "".join(f"<th>{escape(head)}</th>" for head in heads)
    row = "".join(f"<td>{escape(value)}</td>" for value in values)
    return (
        f'<div class="cols"><div><div class="name">{escape(facts.supplier.name)}</div>{_contact(facts.supplier, marks)}</div>'
        f'<div class="gap box">{address(facts.buyer)}</div></div>'
        f'<h1 class="gap">{title(facts, marks)}</h1><table class="grid head full gap"><tr>{cells}</tr><tr>{row}</tr></table>'
        f'<div class="gap">{lines_table(facts, marks)}</div>'
        f'<div class="cols gap"><div>{vat_table(facts, marks)}</div>{totals_list(facts, marks)}</div>'
        f'<div class="gap">{account(facts, marks)}</div>{conditions(marks)}<div class="foot">{legal(facts, marks)}</div>'
    )


def modern(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """A large name, a list of labels and values at the right, « Facturé à » below."""
    heads, values = [number_label(marks), issue_label(marks)], [facts.number, marks.day(facts.issued)]
    _optional(facts, marks, heads, values)
    colon = chance.choice((" :", ":", ""))
    meta = "".join(
        f"<tr><td>{escape(h)}{colon}</td><td class='r b'>{escape(v)}</td></tr>"
        for h, v in zip(heads, values, strict=True)
    )
    buyer_ids = f"<p>N° TVA : {marks.vat(facts.buyer.vat)}</p>" if chance.random() < 0.4 else ""
    return (
        f'<div class="cols"><div class="name" style="font-size:20pt">{escape(facts.supplier.name)}</div><h1>{title(facts, marks)}</h1></div>'
        f'<div class="cols gap"><div>{_contact(facts.supplier, marks)}{_ids(facts, marks)}</div><table>{meta}</table></div>'
        f'<div class="gap"><p class="b">{marks.pick("Facturé à", "FACTURÉ À :", "Client", "Adresse de facturation", "Destinataire")}</p>{address(facts.buyer)}{buyer_ids}</div>'
        f'<div class="gap">{lines_table(facts, marks)}</div><div class="cols gap"><div>{account(facts, marks)}</div>{totals_list(facts, marks)}</div>'
        f'{conditions(marks)}<div class="foot">{legal(facts, marks)}</div>'
    )


def letter(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """A letter: a centred head, a place and a day, a sentence for the number, the totals under the table."""
    city = facts.supplier.city
    due = order = ""
    if facts.due:
        facts.printed.add("due")
        due = f"<p>{due_label(marks)} : {marks.day(facts.due)}</p>"
    if facts.order:
        facts.printed.add("order")
        order = f"<p>{order_label(marks)} : {facts.order}</p>"
    return (
        f'<div style="text-align:center"><div class="name">{escape(facts.supplier.name)}</div>{_contact(facts.supplier, marks, joined=True)}</div>'
        f'<div class="gap" style="margin-left:55%">{address(facts.buyer)}</div>'
        f'<p class="gap" style="text-align:right">{city}, le {marks.day(facts.issued)}</p>'
        f'<p class="b gap">{title(facts, marks)} {marks.number_style} {facts.number}</p>{order}'
        f'<div class="gap">{lines_table(facts, marks)}</div><div class="gap" style="margin-left:50%">{totals_list(facts, marks)}</div>'
        f'{due}<div class="gap">{account(facts, marks)}</div>{conditions(marks)}<div class="foot">{legal(facts, marks)}</div>'
    )


def ledger(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """A management software: boxes with a small label over each value, a summary of VAT, a bar of totals."""
    boxes = [
        (number_label(marks).upper(), facts.number),
        ("DATE", marks.day(facts.issued)),
        ("CODE CLIENT", f"C{chance.randrange(1000, 9999)}"),
    ]
    heads, values = [], []
    _optional(facts, marks, heads, values)
    boxes += [(head.upper(), value) for head, value in zip(heads, values, strict=True)]
    chance.shuffle(boxes)
    row = "".join(
        f"<td><div style='font-size:7pt'>{escape(h)}</div><div class='b'>{escape(v)}</div></td>" for h, v in boxes
    )
    facts.printed.add("vat")
    bar = (
        f"<table class='grid full gap'><tr><th class='r'>Total HT</th><th class='r'>Total TVA</th><th class='r'>Total TTC</th><th class='r'>{marks.pick('NET À PAYER', 'Net à payer EUR')}</th></tr>"
        f"<tr class='r'><td>{marks.amount(facts.net)}</td><td>{marks.amount(facts.vat)}</td><td>{marks.amount(facts.gross)}</td><td class='b'>{marks.amount(facts.gross)}</td></tr></table>"
    )
    return (
        f'<div class="cols"><div class="box"><div class="name">{escape(facts.supplier.name)}</div>{_contact(facts.supplier, marks)}{_ids(facts, marks)}</div>'
        f'<div><h1>{title(facts, marks)}</h1><div class="box gap">{address(facts.buyer)}</div></div></div>'
        f'<table class="grid full gap"><tr>{row}</tr></table><div class="gap">{lines_table(facts, marks)}</div>'
        f'<div class="gap">{vat_table(facts, marks, always=True)}</div>{bar}<div class="gap">{account(facts, marks)}</div>'
        f'{conditions(marks)}<div class="foot">{legal(facts, marks)}</div>'
    )


def utility(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """A large supplier of energy or telephone: what is due first, the table of the three amounts later."""
    due = ""
    if facts.due:
        facts.printed.add("due")
        due = f" {marks.pick('à régler avant le', 'au plus tard le', 'à payer avant le', 'date limite de paiement :')} {marks.day(facts.due)}"
    rows = "".join(
        f"<tr class='r'><td style='text-align:left'>TVA {marks.rate(rate)}</td><td>{marks.amount(base)}</td><td>{marks.amount(vat)}</td><td>{marks.amount(base + vat)}</td></tr>"
        for rate, base, vat in facts.rows
    )
    return (
        f'<div class="cols"><div><div class="name">{escape(facts.supplier.name)}</div><p>{marks.pick("Service clients", "Votre espace client")} : 09 69 32 {chance.randrange(10, 99)} {chance.randrange(10, 99)}</p></div>'
        f"<div><p>Vos références</p><p>N° client : {chance.randrange(10**8, 10**9)}</p><p>Compte : {chance.randrange(10**6, 10**7)}</p></div></div>"
        f'<div class="gap" style="margin-left:52%">{address(facts.buyer)}</div>'
        f'<p class="gap b">{title(facts, marks)} {marks.number_style} {facts.number} du {marks.day(facts.issued)}</p>'
        f'<div class="box gap"><span class="b">{marks.pick("Montant à payer", "Net à payer", "Total à payer")} : {marks.amount(facts.gross)} TTC</span>{due}</div>'
        f'<div class="gap">{lines_table(facts, marks)}</div>'
        f"<table class='full gap'><tr class='r'><th></th><th class='r'>Montant HT</th><th class='r'>Montant TVA</th><th class='r'>Montant TTC</th></tr>{rows}"
        f"<tr class='r b'><td style='text-align:left'>Total</td><td>{marks.amount(facts.net)}</td><td>{marks.amount(facts.vat)}</td><td>{marks.amount(facts.gross)}</td></tr></table>"
        f'{conditions(marks)}<div class="foot">{legal(facts, marks, vat=True)}</div>'
    )


def freelance(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """One person: « De » and « À », few lines, everything labelled."""
    heads, values = [number_label(marks), issue_label(marks)], [facts.number, marks.day(facts.issued)]
    _optional(facts, marks, heads, values)
    meta = "".join(f"<p>{escape(h)} : {escape(v)}</p>" for h, v in zip(heads, values, strict=True))
    de, a = chance.choice(
        (
            ("De", "À"),
            ("Émetteur", "Destinataire"),
            ("Prestataire", "Client"),
            ("ÉMETTEUR :", "ADRESSÉ À :"),
            ("Vendeur", "Acheteur"),
        )
    )
    buyer = address(facts.buyer) + (f"<p>SIRET : {marks.siret(facts.buyer.siret)}</p>" if chance.random() < 0.5 else "")
    return (
        f'<h1>{title(facts, marks)}</h1>{meta}<div class="cols gap"><div style="width:48%"><p class="b">{de}</p><p>{escape(facts.supplier.name)}</p>{_contact(facts.supplier, marks)}{_ids(facts, marks)}</div>'
        f'<div style="width:45%"><p class="b">{a}</p>{buyer}</div></div>'
        f'<div class="gap">{lines_table(facts, marks)}</div><div class="gap" style="margin-left:50%">{totals_list(facts, marks)}</div>'
        f'<div class="gap">{account(facts, marks)}</div>{conditions(marks)}'
    )


def sidebar(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """White on colour at the left, the rest at the right."""
    heads, values = [number_label(marks), issue_label(marks)], [facts.number, marks.day(facts.issued)]
    _optional(facts, marks, heads, values)
    meta = "".join(
        f"<p><span class='b'>{escape(h)}</span><br>{escape(v)}</p>" for h, v in zip(heads, values, strict=True)
    )
    return (
        f'<table class="full"><tr><td class="dark" style="width:28%"><div class="name">{escape(facts.supplier.name)}</div>{_contact(facts.supplier, marks)}<div class="gap">{_ids(facts, marks)}</div><div class="gap">{account(facts, marks, narrow=True)}</div></td>'
        f'<td style="padding-left:8mm"><h1>{title(facts, marks)}</h1><div class="cols gap"><div>{meta}</div><div><p class="b">{marks.pick("Pour", "Client", "Facturer à")}</p>{address(facts.buyer)}</div></div>'
        f'<div class="gap">{lines_table(facts, marks, narrow=True)}</div><div class="gap">{totals_list(facts, marks)}</div>{conditions(marks)}</td></tr></table>'
    )


def footed(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """The buyer first at the left, the supplier only in a mark at the right and in the footer."""
    order = due = ""
    if facts.order:
        facts.printed.add("order")
        order = f"<p>{order_label(marks)} {facts.order}</p>"
    if facts.due:
        facts.printed.add("due")
        due = f"<p>{due_label(marks)} {marks.day(facts.due)}</p>"
    return (
        f'<div class="cols"><div class="gap">{address(facts.buyer)}</div><div class="name">{escape(facts.supplier.name)}</div></div>'
        f'<table class="full gap"><tr><td><h1>{title(facts, marks)}</h1></td><td class="r"><p>{number_label(marks)} {facts.number}</p><p>{issue_label(marks)} {marks.day(facts.issued)}</p>{due}{order}</td></tr></table>'
        f'<div class="gap">{lines_table(facts, marks)}</div><div class="cols gap"><div></div>{totals_list(facts, marks)}</div>{vat_table(facts, marks)}'
        f'<div class="foot" style="margin-top:20mm"><p>{account(facts, marks, narrow=True)}</p>{legal(facts, marks, vat=True)}</div>'
    )


def wide(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """A landscape page, three columns at its head."""
    heads, values = [number_label(marks), issue_label(marks)], [facts.number, marks.day(facts.issued)]
    _optional(facts, marks, heads, values)
    meta = "".join(
        f"<p>{escape(h)} : <span class='b'>{escape(v)}</span></p>" for h, v in zip(heads, values, strict=True)
    )
    return (
        f'<table class="full"><tr><td><div class="name">{escape(facts.supplier.name)}</div>{_contact(facts.supplier, marks)}{_ids(facts, marks)}</td>'
        f'<td><h1>{title(facts, marks)}</h1>{meta}</td><td><p class="b">{marks.pick("Livré à", "Client", "Doit")}</p>{address(facts.buyer)}</td></tr></table>'
        f'<div class="gap">{lines_table(facts, marks)}</div><div class="cols gap"><div>{account(facts, marks)}</div><div>{vat_table(facts, marks)}</div>{totals_list(facts, marks)}</div>{conditions(marks)}'
    )


def small(facts: Facts, marks: Marks, chance: random.Random) -> str:
    """A shop's A5, dense."""
    due = order = ""
    if facts.due:
        facts.printed.add("due")
        due = f"<p>{due_label(marks)} : {marks.day(facts.due)}</p>"
    if facts.order:
        facts.printed.add("order")
        order = f"<p>{order_label(marks)} : {facts.order}</p>"
    return (
        f'<p class="b">{escape(facts.supplier.name)}</p>{_contact(facts.supplier, marks)}<p>{legal(facts, marks, vat=True)}</p>'
        f'<p class="gap b">{title(facts, marks)} {facts.number} {marks.pick("du", "– le", "en date du")} {marks.day(facts.issued)}</p><p>Client : {escape(facts.buyer.name)}</p>{order}'
        f'<div class="gap">{lines_table(facts, marks, narrow=True)}</div>{totals_list(facts, marks)}{due}{account(facts, marks, narrow=True)}<p>Merci de votre visite</p>'
    )


def _contact(party: Party, marks: Marks, *, joined: bool = False) -> str:
    chance = marks.chance
    parts = [escape(party.street), f"{party.postcode} {party.city}"]
    if chance.random() < 0.7:
        parts.append(
            f"{marks.pick('Tél.', 'Tél :', 'Téléphone :', 'T.')} 0{chance.randrange(1, 9)} {chance.randrange(10, 99)} {chance.randrange(10, 99)} {chance.randrange(10, 99)} {chance.randrange(10, 99)}"
        )
    if chance.random() < 0.6:
        parts.append(f"contact@{''.join(c for c in party.name.lower() if c.isascii() and c.isalpha())[:14]}.fr")
    return "<p>" + (" – " if joined else "<br>").join(parts) + "</p>"


def _ids(facts: Facts, marks: Marks) -> str:
    facts.printed.add("vat_number")
    return (
        f"<p>{marks.pick('SIRET', 'SIRET :', 'N° SIRET :', 'Siret')} {marks.siret(facts.supplier.siret)}</p>"
        f"<p>{marks.pick('TVA', 'N° TVA :', 'TVA intracom. :', 'N° TVA intracommunautaire :')} {marks.vat(facts.supplier.vat)}</p>"
    )


def _optional(facts: Facts, marks: Marks, heads: list[str], values: list[str]) -> None:
    if facts.due:
        facts.printed.add("due")
        heads.append(due_label(marks))
        values.append(marks.day(facts.due))
    if facts.order:
        facts.printed.add("order")
        heads.append(order_label(marks))
        values.append(facts.order)


Layout = Callable[[Facts, Marks, random.Random], str]
LAYOUTS: dict[str, Layout] = {
    layout.__name__: layout for layout in (classic, modern, letter, ledger, utility, freelance)
}
HELD_OUT: dict[str, Layout] = {layout.__name__: layout for layout in (sidebar, footed, wide, small)}
