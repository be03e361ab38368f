"""A table pasted from a spreadsheet: its columns are found, whatever their order, heads, separators and figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.pasting import read_paste, read_table

CHAIR = {"reference": "CH-01", "description": "Chaise", "quantity": Decimal(10), "unit": "C62"}
FITTING = {"reference": "PO-01", "description": "Pose, sur place", "quantity": Decimal("2.5"), "unit": "HUR"}
WANTED = [
    {**CHAIR, "unit_price": Decimal("1120.5"), "vat": Decimal(20)},
    {**FITTING, "unit_price": Decimal(75), "vat": Decimal(10)},
]


@pytest.mark.parametrize(
    "text",
    [
        (
            "Référence\tDésignation\tQté\tUnité\tPU HT\tTVA\nCH-01\tChaise\t10\tpce\t1 120,50 €\t20 %\n"
            "PO-01\tPose, sur place\t2,5\th\t75\t10 %"
        ),
        (
            "TVA;Prix unitaire HT;Quantité;Libellé;Code;U;Total HT\r\n20;1.120,50;10;Chaise;CH-01;u;11205\r\n"
            "10;75,00;2,5;Pose, sur place;PO-01;heure;187,50\r\n"
        ),
        (
            'Item number,Description,Qty,Unit,Unit price,VAT rate\nCH-01,Chaise,10,pcs,"1,120.50",20%\n'
            'PO-01,"Pose, sur place",2.5,hours,75.00,10%'
        ),
        "CH-01\tChaise\t10\tpce\t1120,50\t20%\nPO-01\tPose, sur place\t2,5\th\t75\t10%",
        (
            "number\tlabel\tquantity\tunit\tprice\tvat\nCH-01\tChaise\t10\tunit\t1,120.50\t0.2\n"
            "PO-01\tPose, sur place\t2.5\thour\t75.00\t0.1"
        ),
        "CH-01\tChaise\t10\tu\t1 120,50\t11 205,00\t20 %\nPO-01\tPose, sur place\t2,5\th\t75,00\t187,50\t10 %",
    ],
)
def test_the_columns_are_found(text):
    assert [dict(row.cells) for row in read_paste(text).rows] == WANTED


def test_a_quoted_cell_keeps_its_line_breaks_and_quotes():
    text = 'Désignation\tQté\tPU\n"Table ""Noyer""\nlivrée"\t1\t690,00\n'
    assert dict(read_paste(text).rows[0].cells) == {
        "description": 'Table "Noyer"\nlivrée',
        "quantity": Decimal(1),
        "unit_price": Decimal(690),
    }


def test_without_heads_the_price_is_the_figure_with_cents_and_the_reading_is_said():
    pasted = read_paste("Chaise\t120,50\t4\nTable\t690,00\t1")
    assert dict(pasted.rows[0].cells) == {
        "description": "Chaise",
        "unit_price": Decimal("120.5"),
        "quantity": Decimal(4),
    }
    assert pasted.columns == [("1", "description"), ("2", "unit_price"), ("3", "quantity")]
    assert not pasted.has_heads


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("1001\tChaise\t2\t100\t200\n1002\tTable\t1\t300\t300", ("1001", "Chaise", 2, 100)),
        ("1\tChaise\t2\t100\n2\tTable\t1\t300", ("1", "Chaise", 2, 100)),
        ("3760123456789\tChaise\t2\t100\t20 %", ("3760123456789", "Chaise", 2, 100)),
        ("2\tChaise\t100\t200\n3\tTable\t50\t150", (None, "Chaise", 2, 100)),
        ("Code EAN\tDésignation\tQté commandée\tP.U. net HT\n3760\tChaise\t2\t100", ("3760", "Chaise", 2, 100)),
        ("Désignation\tQuantité\tPrix TTC\tMontant HT\nChaise\t2\t120\t200", (None, "Chaise", 2, 100)),
        ("Désignation\tMontant\nChaise\t100\nTable\t5", (None, "Chaise", None, 100)),
        ("Item\tQty\tPrice\nChaise\t2\t100", (None, "Chaise", 2, 100)),
    ],
)
def test_an_article_number_is_no_quantity_and_long_heads_are_known(text, first):
    cells = read_paste(text).rows[0].cells
    assert tuple(cells.get(name) for name in ("reference", "description", "quantity", "unit_price")) == first


def test_what_is_no_figure_is_kept_as_written():
    pasted = read_paste("Désignation\tQté\tPU\nChaise\tdeux\t12,5O\nTable\t1\t10")
    assert dict(pasted.rows[0].cells) == {"description": "Chaise", "quantity": "deux", "unit_price": "12,5O"}


TINY = f"Désignation\tQuantité\tMontant HT\nX\t0,{'0' * 35}1\t{'9' * 38}"


@pytest.mark.parametrize("text", ["", "\n\n", "\t\t\n", '"', "a" * 300_000, ";" * 5000, "\x00\t1", TINY])
def test_no_text_costs_or_breaks_anything(text):
    assert len(read_paste(text).rows) <= 500
    assert all(len(row) <= 30 for row in read_table(text))
