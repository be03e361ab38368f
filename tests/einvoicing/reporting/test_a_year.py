"""A year of random sales, credits, corrections, refunds and late entries: nothing reported twice or not at all.

`make test` lives its last four months.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice
from billing.services.correcting import draft_correction
from billing.services.crediting import CreditedPart
from billing.services.deposits import choose_deposits, draft_deposit
from billing.services.issuing import issue_invoice
from config.kernel import states
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from config.kernel.scope import company_scope
from einvoicing.formats import ereporting
from einvoicing.reporting.models import UNDER_WAY, Regime, Report, ReportPeriod, ReportStatus
from einvoicing.reporting.preparing import prepare_due, prepare_report
from einvoicing.reporting.reading import refresh_periods
from payments.models import Allocation, Payment, Refund
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.outgoing.returning import return_payment
from payments.services.allocations import allocate_payment
from payments.services.crediting import issue_correction
from payments.services.payments import reverse_payment
from tests.einvoicing.reporting.conftest import reports_itself
from tests.einvoicing.reporting.selling import a_german, a_sale, an_individual, noon, paid
from tests.factories import money, platforms, story
from tests.factories.story import ACTOR
from tests.trust.at_once import WHOLE, a_share

FIRST, LAST, STEP = date(2025, 9, 1) if WHOLE else date(2026, 5, 1), date(2026, 8, 31), 12
RATES = ("20", "10", "5.5")
IBAN = "FR7630006000011234567890189"


class Year:
    """What happens in a company, one random act after the other."""

    def __init__(self, company, seed: int) -> None:
        self.company, self.random = company, random.Random(seed)
        names = ("Lovelace", "Byron", "Somerville")
        self.people = [an_individual(company, last_name=name) for name in names]
        self.abroad = a_german(company)

    def act(self, day: date) -> None:
        acts = (self.sell, self.sell, self.sell, self.pay, self.pay, self.credit, self.correct, self.deposit,
                self.reverse, self.bounce, self.refund, self.reuse)  # fmt: skip
        # what the state of a document refuses is no act
        with suppress(DomainError):
            self.random.choice(acts)(day)

    def invoices(self) -> list[Invoice]:
        return list(Invoice.objects.issued().exclude(kind="381").order_by("number"))

    def pick(self, rows):
        rows = list(rows)
        return self.random.choice(rows) if rows else None

    def lines(self) -> list[tuple[str, str, bool]]:
        def net() -> str:
            return f"{self.random.randint(1, 90000) / 100:.2f}"

        return [
            (net(), self.random.choice(RATES), self.random.random() < 0.6) for _ in range(self.random.randint(1, 3))
        ]

    def sell(self, day: date) -> None:
        customer = self.random.choice([*self.people, self.abroad])
        if customer is self.abroad and self.random.random() < 0.5:
            a_sale(customer, day, ("700.00", "0", False), vat_category="K")
        else:
            a_sale(customer, day, *self.lines())

    def pay(self, day: date) -> None:
        if invoice := self.pick(one for one in self.invoices() if one.can_be_paid and one.balance):
            part = (
                invoice.balance if self.random.random() < 0.5 else max(round(invoice.balance / 3, 2), Decimal("0.01"))
            )
            # some is told late, of a period that is already reported
            late = self.random.choice([0, 0, 3, 25, 60])
            paid_on = max(invoice.issue_date, day - timedelta(days=late))
            money.a_payment(invoice.customer, str(part), [(invoice, str(part))], paid_on=paid_on, at=noon(day))

    def credit(self, day: date) -> None:
        if invoice := self.pick(self.invoices()):
            line = self.pick(invoice.lines.all())
            parts = [CreditedPart(line=line, quantity=Decimal(1))] if self.random.random() < 0.5 else None
            money.credit_invoice(invoice=invoice, parts=parts, reason="Retour", actor=ACTOR, at=noon(day))

    def correct(self, day: date) -> None:
        if invoice := self.pick(one for one in self.invoices() if one.can_be_corrected):
            draft = draft_correction(invoice=invoice, reason="Erreur", actor=ACTOR, at=noon(day))
            issue_correction(invoice=draft, actor=ACTOR, at=noon(day))

    def deposit(self, day: date) -> None:
        customer = self.random.choice(self.people)
        draft = story.a_draft(customer, [story.a_line(quantity=Decimal(1), unit_price=Decimal(300), is_service=True)])
        deposit = draft_deposit(source=draft, gross=Decimal("120.00"), description="Acompte", actor=ACTOR, at=noon(day))
        deposit = issue_invoice(invoice=deposit, actor=ACTOR, at=noon(day))
        if self.random.random() < 0.7:
            paid(deposit, day)
        final = choose_deposits(invoice=draft, keys=[deposit.pk], actor=ACTOR, at=noon(day))
        if self.random.random() < 0.7:
            issue_invoice(invoice=final, actor=ACTOR, at=noon(day))

    def reverse(self, day: date) -> None:
        if payment := self.pick(Payment.objects.filter(reverses=None, reversed_at=None).order_by("number")):
            reverse_payment(payment=payment, reason="Erreur", actor=ACTOR, at=noon(day))

    def bounce(self, day: date) -> None:
        if payment := self.pick(Payment.objects.filter(reverses=None, reversed_at=None).order_by("number")):
            on = max(payment.paid_on, day - timedelta(days=self.random.choice([0, 4, 30])))
            return_payment(
                payment=payment, amount=payment.amount, returned_on=on, reason="Impayé", actor=ACTOR, at=noon(day)
            )

    def refund(self, day: date) -> None:
        if self.random.random() < 0.3 and (
            refund := self.pick(Refund.objects.filter(cancelled_at=None).order_by("number"))
        ):
            cancel_refund(refund=refund, reason="Erreur", actor=ACTOR, at=noon(day))
        elif payment := self.pick(one for one in Payment.objects.order_by("number") if one.unallocated):
            refund_customer(
                customer=payment.customer, amount=payment.unallocated, method="TRANSFER", reason="Trop versé",
                made_on=day, actor=ACTOR, at=noon(day), iban=IBAN,
            )  # fmt: skip

    def reuse(self, day: date) -> None:
        if payment := self.pick(one for one in Payment.objects.order_by("number") if one.unallocated):
            mine = [one for one in self.invoices() if one.customer_id == payment.customer_id and one.can_be_paid]
            if invoice := self.pick(one for one in mine if one.balance):
                part = min(invoice.balance, payment.unallocated)
                allocate_payment(payment=payment, invoice=invoice, amount=part, actor=ACTOR, at=noon(day))


def report(year: Year, at: datetime) -> int:
    """The clock makes what is due; the platform takes it, or now and then refuses it for a cause of its own."""
    refresh_periods(company=year.company, at=at)
    made = prepare_due(company=year.company, actor=ACTOR, at=at)
    for one in made:
        ends = ReportStatus.REJECTED if year.random.random() < 0.1 else ReportStatus.ACCEPTED
        for status in (ReportStatus.SENDING, ReportStatus.DEPOSITED, ends):
            states.move(one, status, tag="einvoicing.report.claimed", actor=ACTOR, at=at)
    # a person makes a refused one again
    for row in ReportPeriod.objects.filter(reports__status=ReportStatus.REJECTED).distinct():
        last = row.reports.order_by("-turn").first()
        if last.status == ReportStatus.REJECTED:
            _again(row, at)
    return len(made)


def _again(row: ReportPeriod, at: datetime) -> None:
    with suppress(DomainError):
        one = prepare_report(period=row, actor=ACTOR, at=at)
        for status in (ReportStatus.SENDING, ReportStatus.DEPOSITED, ReportStatus.ACCEPTED):
            states.move(one, status, tag="einvoicing.report.claimed", actor=ACTOR, at=at)


def what_the_state_knows() -> Iterator[tuple[ReportPeriod, Report]]:
    """The last accepted report of each period."""
    for row in ReportPeriod.objects.all():
        last = row.reports.filter(status=ReportStatus.ACCEPTED).order_by("-turn").first()
        if last is not None:
            yield row, last


@pytest.fixture
def company(db):
    company = story.a_company()
    platforms.a_platform_account(company, sends_automatically=False)
    with company_scope(company):
        yield company


@pytest.mark.trust
@pytest.mark.parametrize(("seed", "regime"), a_share([(1, Regime.MONTHLY), (4, Regime.SIMPLIFIED)], 2))
def test_all_is_reported_once_whatever_happens(company, seed, regime):
    reports_itself(company, since=FIRST, regime=regime)
    year = Year(company, seed)
    day = FIRST
    while day <= LAST:
        for _act in range(4):
            year.act(day)
            day += timedelta(days=STEP // 4)
        report(year, noon(day))
    # the last acts are of September, which the slowest regime reports from 25 October on
    settled = noon(LAST + timedelta(days=70))
    while report(year, settled):
        settled += timedelta(days=1)
    assert not Report.objects.filter(status__in=UNDER_WAY).exists()
    if regime == Regime.MONTHLY:
        assert Report.objects.filter(type_code="RE", status=ReportStatus.ACCEPTED).exists()
    the_sums_are_those_of_the_facts()
    each_document_is_in_one_period()


def the_sums_are_those_of_the_facts() -> None:
    """Computed from the documents' own totals, not from what was reported."""
    told: Counter[str] = Counter()
    by_invoice: Counter[str] = Counter()
    for _row, last in what_the_state_knows():
        content = ereporting.parse(bytes(last.content))
        for invoice in content.invoices:
            sign = -1 if invoice.type_code == "381" else 1
            told.update({"abroad": sign * invoice.net, "abroad vat": sign * invoice.vat})
        for sales in content.sales:
            told.update({"sold": sales.net, "vat": sales.vat})
        for days in (last.rows.get("10.2", []), last.rows.get("10.4", [])):
            for document in (one for one_day in days for rate in one_day["rates"] for one in rate["documents"]):
                by_invoice[document["number"]] += Decimal(document["amount"])
    expected: Counter[str] = Counter()
    for invoice in Invoice.objects.issued().prefetch_related("deductions"):
        private = invoice.buyer["kind"] == "INDIVIDUAL"
        sign = -1 if invoice.is_credit_note else 1
        if not private:
            expected.update({"abroad": sign * invoice.total_net, "abroad vat": sign * invoice.total_vat})
        elif invoice.replaced_at is None:
            # replaced, it is sold and taken back
            deposited = invoice.amount_deposited - invoice.deposited_vat
            expected.update(
                {
                    "sold": sign * (invoice.total_net - deposited),
                    "vat": sign * (invoice.total_vat - invoice.deposited_vat),
                }
            )
    assert {key: value for key, value in told.items() if value} == {k: v for k, v in expected.items() if v}
    the_payments_are_those_of_the_services(by_invoice)


def the_payments_are_those_of_the_services(by_invoice: Counter[str]) -> None:
    assert any(by_invoice.values())
    for invoice in Invoice.objects.issued().exclude(kind="381"):
        paid_now = sum((row.amount for row in Allocation.objects.filter(invoice=invoice)), ZERO)
        assert paid_now == invoice.amount_paid
        standing = [
            (1, invoice),
            *((-1, note) for note in Invoice.objects.issued().filter(corrects=invoice, kind="381")),
        ]
        standing += [(-sign, one.deposit) for sign, document in list(standing) for one in document.deductions.all()]
        services = whole = ZERO
        for sign, document in standing:
            for line in document.lines.all():
                gross = sign * line.net_amount * (100 + line.vat_rate) / 100
                whole += gross
                services += gross if line.is_service and line.vat_category == "S" else ZERO
        share = paid_now * services / whole if whole else ZERO
        assert abs(by_invoice[str(invoice.number)] - share) <= Decimal("0.03"), invoice.number


def each_document_is_in_one_period() -> None:
    where: Counter[str] = Counter()
    for _row, last in what_the_state_knows():
        content = ereporting.parse(bytes(last.content))
        days = last.rows.get("10.3", [])
        documents = {one["number"] for day in days for rate in day["rates"] for one in rate["documents"]}
        where.update({one.number for one in content.invoices} | documents)
    replaced = set(Invoice.objects.exclude(replaced_at=None).values_list("number", flat=True))
    assert {number for number, times in where.items() if times > 1} <= replaced
    assert set(where) == set(Invoice.objects.issued().values_list("number", flat=True))
