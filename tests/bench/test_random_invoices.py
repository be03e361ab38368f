"""How many invented invoices are rendered, read back and judged in a second; every one of them must be valid.

BENCH_INVOICES says how many (20000), half of them in CII and half in UBL.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from einvoicing.formats import cii, ubl
from einvoicing.validation.engine import Engine
from tests.einvoicing.invented import invent
from tests.einvoicing.test_random_invoices import FIRST, assert_exact

MANY = int(os.environ.get("BENCH_INVOICES", "20000"))


def test_invented_invoices_are_valid_by_the_thousand():
    workers = os.cpu_count() or 1
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        shares = [range(first, MANY, workers) for first in range(workers)]
        refused = list(chain.from_iterable(pool.map(_judge, shares)))
    seconds = time.perf_counter() - started
    pace = f"{MANY / seconds:.1f} invoices/s by {workers} engines"
    print(f"\n{MANY} invoices in {seconds:.0f} s, {pace}, {len(refused)} refused")
    assert refused == []


def _judge(numbers: range) -> list[str]:
    """What is wrong with these invoices; each thread has an engine, hence a process, of its own."""
    engine, wrong = Engine(), []
    try:
        for number in numbers:
            seed, syntax = FIRST + number, (cii, ubl)[number % 4 // 2]
            invoice = invent(seed)
            data = syntax.render(invoice)
            assert syntax.parse(data) == invoice, f"seed {seed}"
            assert_exact(invoice, seed)
            report = engine.check(data)
            if report.violations or not report.valid:
                wrong.append(f"seed {seed}: {[violation.rule for violation in report.violations]}")
    finally:
        engine.close()
    return wrong
