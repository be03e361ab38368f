"""What one invoice costs from its rows to its legal file, stage by stage and whole, beside the plain way.

CPU milliseconds (medians), all in one process and one run: ours (compiled once, style sheet read once, pikepdf) and
the plain pipeline (WeasyPrint's defaults, the factur-x library's embedding with its XSD check, stylesheets compiled at
each validation). The official rules run in this process, so that their time is counted: no other Saxon processor may
live here. BENCH_LINES chooses the sizes.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.template.loader import render_to_string
from lxml import etree

from billing import pdf as billing_pdf
from billing.models import Invoice
from billing.pdf_engine import make_pdf
from config.kernel.scope import company_scope
from einvoicing.formats import cii, facturx
from einvoicing.services.documents import _issued_document  # the mapping alone, without its storing
from einvoicing.validation import FRENCH, PDF, PROFILE, SCHEMA, schematron
from einvoicing.validation.chain import Chain
from einvoicing.validation.schematron import Schematrons
from tests.factories import story

pytestmark = pytest.mark.django_db

SIZES = tuple(int(size) for size in os.environ.get("BENCH_LINES", "1,10,100,1000").split(","))
ISSUED_AT = datetime(2026, 11, 21, tzinfo=UTC)
EMPTY = "<html lang='fr'><title>Facture</title><p>1</p></html>"  # what WeasyPrint asks before the first line


def an_invoice(lines: int) -> Invoice:
    rates = ("20", "10", "5.5")
    return story.an_issued_invoice(
        story.a_customer(story.a_company()),
        [
            story.a_line(f"Chaise Bistrot n° {n}", unit_price=Decimal(n % 97 + 1), vat_rate=Decimal(rates[n % 3]))
            for n in range(lines)
        ],
    )


def cpu_ms(work: Callable[[], Any], *, lines: int) -> float:
    """The median of some runs, the first thrown away."""
    work()
    times = []
    for _ in range({1: 15, 10: 15, 100: 5}.get(lines, 2)):
        gc.collect()
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times)


def page_of(invoice: Invoice) -> str:
    with company_scope(invoice.company_id):
        return render_to_string(billing_pdf.TEMPLATE, billing_pdf.context(invoice))


def embed(pdf: bytes, xml: bytes, invoice: Invoice) -> bytes:
    return facturx.embed(pdf, xml, number=str(invoice.number), issued_at=ISSUED_AT, seller=invoice.seller["name"])


def stages(invoice: Invoice, chain: Chain, lines: int) -> dict[str, float]:
    """Ours, each stage on its own."""
    document = _issued_document(invoice)
    xml, page = cii.render(document), page_of(invoice)
    pdf = make_pdf(page, stylesheet=billing_pdf.STYLESHEET, identifier=b"0" * 16)
    whole = embed(pdf, xml, invoice)
    report = chain.check(whole)
    assert report.valid, report.violations[:3]
    work: dict[str, Callable[[], Any]] = {
        "CII": lambda: cii.render(document),
        "XSD": lambda: chain.check(xml, [SCHEMA]),
        "EN16931": lambda: chain.check(xml, [PROFILE]),
        "BR-FR": lambda: chain.check(xml, [FRENCH]),
        "page": lambda: page_of(invoice),
        "PDF/A-3": lambda: make_pdf(page, stylesheet=billing_pdf.STYLESHEET, identifier=b"0" * 16),
        "empty page": lambda: make_pdf(EMPTY, stylesheet=billing_pdf.STYLESHEET, identifier=b"0" * 16),
        "embedding": lambda: embed(pdf, xml, invoice),
        "PDF checks": lambda: chain.check(whole, [PDF]),
    }
    measured = {name: cpu_ms(one, lines=lines) for name, one in work.items()}
    measured["XML alone"] = cpu_ms(lambda: chain.check(cii.render(_issued_document(invoice))), lines=lines)
    measured["whole"] = cpu_ms(lambda: ours(invoice, chain, lines), lines=lines)
    return measured


def ours(invoice: Invoice, chain: Chain, lines: int) -> bytes:
    xml = cii.render(_issued_document(invoice))
    pdf = make_pdf(page_of(invoice), stylesheet=billing_pdf.STYLESHEET, identifier=b"0" * 16)
    file = embed(pdf, xml, invoice)
    assert chain.check(file).valid
    return file


def plain(invoice: Invoice, chain: Chain) -> bytes:
    """The ordinary way with ordinary libraries: same page, same XML, same rules, nothing kept from one to the next."""
    import facturx as library
    from weasyprint import HTML

    from billing.pdf_engine import BUNDLED, BundledOnly

    xml = cii.render(_issued_document(invoice))
    style = (BUNDLED[0] / billing_pdf.STYLESHEET).as_uri()
    page = page_of(invoice).replace("</head>", f'<link rel="stylesheet" href="{style}"></head>')
    pdf = HTML(string=page, base_url=f"{BUNDLED[0].as_uri()}/", url_fetcher=BundledOnly()).write_pdf(
        pdf_variant="pdf/a-3b"
    )
    file: bytes = library.generate_from_binary(pdf, xml, check_xsd=True, check_schematron=False)
    with patch.object(schematron, "quickened", as_shipped):
        chain._schematrons._compiled.clear()
        chain._schemas.clear()
        chain.check(xml, [SCHEMA, PROFILE, FRENCH])
        chain._schematrons._compiled.clear()
    return file


def as_shipped(path: Path) -> str:
    """The official stylesheet as it is, to compile from memory."""
    sheet = etree.parse(str(path)).getroot()
    sheet.set("{http://www.w3.org/XML/1998/namespace}base", path.as_uri())
    return str(etree.tostring(sheet, encoding="unicode"))


def test_what_an_invoice_costs_by_stage_and_beside_the_plain_way() -> None:
    chain = Chain()
    table: dict[int, dict[str, float]] = {}
    for lines in SIZES:
        invoice = an_invoice(lines)
        table[lines] = stages(invoice, chain, lines)
        table[lines]["plain way"] = cpu_ms(lambda invoice=invoice: plain(invoice, chain), lines=lines)
    print_table(table)
    for measured in table.values():
        assert measured["whole"] < measured["plain way"]
    if {100, 1000} <= set(SIZES):
        per_line = {lines: table[lines]["whole"] / lines for lines in (100, 1000)}
        assert per_line[1000] < 1.6 * per_line[100], "the cost per line grows with the invoice"


def print_table(table: dict[int, dict[str, float]]) -> None:
    names = list(next(iter(table.values())))
    rows = ["", f"{'CPU ms':<12}" + "".join(f"{lines:>10}" for lines in table) + "   lines"]
    rows += [f"{name:<12}" + "".join(f"{row[name]:>10.1f}" for row in table.values()) for name in names]
    rows.append(f"{'invoices/s':<12}" + "".join(f"{1000 / row['whole']:>10.1f}" for row in table.values()))
    rows.append(f"{'plain/ours':<12}" + "".join(f"{row['plain way'] / row['whole']:>10.1f}" for row in table.values()))
    print("\n".join(rows))


def test_what_quickening_the_official_rules_spares() -> None:
    chain, invoice = Chain(), an_invoice(10)
    xml = cii.render(_issued_document(invoice))
    spent: dict[str, list[float]] = {}
    for name, source in (("as shipped", as_shipped), ("quickened", schematron.quickened)):
        chain._schematrons._compiled.clear()
        with patch.object(schematron, "quickened", source):
            spent[name] = [cpu_ms(partial(chain.check, xml, [rules]), lines=10) for rules in (PROFILE, FRENCH)]
    spent_by = "; ".join(f"{name} {ours:.1f} and {french:.1f}" for name, (ours, french) in spent.items())
    print(f"\nCPU ms of EN16931 and BR-FR on 10 lines: {spent_by}")
    assert spent["quickened"][0] < 0.6 * spent["as shipped"][0]
    assert spent["quickened"][1] < 0.9 * spent["as shipped"][1]


def test_where_the_time_of_a_page_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """WeasyPrint's stages on 10 lines: none is all of it, so what is left is its cost per box."""
    from weasyprint import document as engine

    page, spent, runs = page_of(an_invoice(10)), Counter[str](), 10

    def watch(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*values: Any, **named: Any) -> Any:
            started = time.process_time()
            result = work(*values, **named)
            if name == "layout":
                result = list(result)
            spent[name] += time.process_time() - started  # seconds
            return result

        return watched

    for name, function in (
        ("styles", "get_all_computed_styles"),
        ("boxes", "build_formatting_structure"),
        ("layout", "layout_document"),
        ("drawing", "generate_pdf"),
    ):
        monkeypatch.setattr(engine, function, watch(name, getattr(engine, function)))
    make = watch("whole", lambda: make_pdf(page, stylesheet=billing_pdf.STYLESHEET, identifier=b"0" * 16))
    make()
    spent.clear()
    for _ in range(runs):
        make()
    spent_by = ", ".join(f"{name} {seconds / runs * 1000:.1f}" for name, seconds in spent.most_common())
    print(f"\nCPU ms of a page of 10 lines: {spent_by}; the rest is HTML parsing and writing")
    assert spent["layout"] < 0.7 * spent["whole"]


# -- several processes, and memory -------------------------------------------------------------------------------------


def _make_many(page: str, xml: bytes, count: int, lines: int) -> tuple[float, int]:
    """Seconds for `count` files after a first one, and the growth of this process's memory in KiB over them."""
    chain = Chain()

    def one() -> None:
        pdf = make_pdf(page, stylesheet=billing_pdf.STYLESHEET, identifier=b"0" * 16)
        file = facturx.embed(pdf, xml, number="FAC-2026-00001", issued_at=ISSUED_AT, seller="Atelier Verone")
        assert chain.check(file).valid

    for _ in range(min(20, count)):
        one()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    for _ in range(count):
        one()
    return time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def test_two_processes_do_nearly_twice_as_much_and_memory_stays_flat() -> None:
    import django

    count = int(os.environ.get("BENCH_FILES", "200"))
    invoice = an_invoice(10)
    task = (page_of(invoice), cii.render(_issued_document(invoice)), count, 10)
    spawn = get_context("spawn")
    with spawn.Pool(2, initializer=django.setup) as pool:
        (alone, growth) = pool.apply(_make_many, task)
        together = max(seconds for seconds, _growth in pool.starmap(_make_many, [task, task], chunksize=1))
    gain = 2 * alone / together
    print(
        f"\n1 process {count / alone:.1f} invoices/s, 2 processes {2 * count / together:.1f}/s ({gain:.2f} ×); "
        f"memory grew by {growth / 1024:.0f} MiB over {count} files"
    )
    assert gain > 1.5
    assert growth < 200 * 1024


def test_the_plain_way_compiles_each_time_what_we_compile_once() -> None:
    """The control: the same stylesheet, compiled for each document, costs many times its running."""
    invoice = an_invoice(10)
    xml = cii.render(_issued_document(invoice))
    chain = Chain()
    warm = cpu_ms(lambda: chain.check(xml, [PROFILE]), lines=10)

    def cold() -> None:
        chain._schematrons._compiled.clear()
        chain.check(xml, [PROFILE])

    assert cpu_ms(cold, lines=10) > 3 * warm
    assert isinstance(chain._schematrons, Schematrons)
