"""CDAR: the official messages are read, written and judged; the product's own are valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from lxml import etree

from config.kernel.errors import Invalid
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.validation import check
from tests.einvoicing import samples

SELLER = cdar.StatusParty(
    role="SE",
    identifier="732829320",
    scheme="0002",
    name="Atelier Durand",
    electronic_address="732829320",
    electronic_scheme="0225",
)
BUYER = cdar.StatusParty(
    role="BY",
    identifier="552100554",
    scheme="0002",
    name="Boulangerie Martin",
    electronic_address="552100554",
    electronic_scheme="0225",
)


def message(code: str, *details: cdar.StatusDetail) -> cdar.StatusMessage:
    """A status as the product or its simulators write it."""
    status = lifecycle.STATUSES[code]
    by_platform = status.phase == lifecycle.TRANSMISSION
    author, reader = (SELLER, BUYER) if status.posted_by == "SELLER" else (BUYER, SELLER)
    return cdar.StatusMessage(
        message_id=f"FAC-2026-00001_{code}_20261121100000#380_20261120",
        created_at=datetime(2026, 11, 21, 10, 5, tzinfo=cdar.PARIS),
        issuer=cdar.StatusParty(role="WK") if by_platform else author,
        recipients=(reader,),
        phase=status.phase,
        status_at=datetime(2026, 11, 21, 10, 0, tzinfo=cdar.PARIS),
        invoice_number="FAC-2026-00001",
        untdid_status=status.untdid,
        invoice_type="380",
        invoice_received_at=datetime(2026, 11, 20, 12, 0, tzinfo=cdar.PARIS),
        invoice_date=date(2026, 11, 20),
        status_code=code,
        status_label=status.label,
        seller_siren="732829320",
        details=details,
    )


@samples.each("fr-cdar/*.xml")
def test_the_official_messages_are_read_and_written_back_identical_and_valid(path):
    data = path.read_bytes()
    read = cdar.parse(data)
    written = cdar.render(read)
    assert read.status_code == path.stem.split("CDV-")[1][:3]
    assert cdar.parse(written) == read
    assert check(data).valid
    assert check(written).violations == ()


@samples.each("fr-cdar/UC4*207*.xml")
def test_a_dispute_tells_its_reason_and_the_values_in_question(path):
    read = cdar.parse(path.read_bytes())
    assert read.reason_codes == ("TX_TVA_ERR",)
    assert [item.percent for item in read.details[0].characteristics] == [Decimal(10), Decimal(20)]


@pytest.mark.parametrize("code", list(lifecycle.STATUSES))
def test_every_status_of_the_table_makes_a_valid_message(code):
    details: tuple[cdar.StatusDetail, ...] = ()
    if code in lifecycle.REASONS_OF:
        details = tuple(
            cdar.StatusDetail(sequence=position, reason_code=reason, reason=lifecycle.reason(reason))
            for position, reason in enumerate(lifecycle.REASONS_OF[code], start=1)
        )
    if code == "212":
        received = cdar.Characteristic(
            type_code="MEN", amount=Decimal("1200.00"), currency="EUR", percent=Decimal(20), changed=False
        )
        details = (cdar.StatusDetail(sequence=1, characteristics=(received,)),)
    written = cdar.render(message(code, *details))
    assert cdar.parse(written) == message(code, *details)
    fatal = check(written).fatal
    assert fatal == ()


def test_a_refusal_without_reason_breaks_the_french_rule():
    report = check(cdar.render(message("210")))
    assert not report.valid
    assert "BR-FR-CDV-15" in report.rules


def test_a_reason_that_belongs_to_another_status_breaks_the_french_rule():
    detail = cdar.StatusDetail(sequence=1, reason_code="IRR_VIDE_F")
    assert "BR-FR-CDV-CL-09" in check(cdar.render(message("210", detail))).rules


def test_times_are_carried_as_paris_civil_time():
    winter = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
    written = cdar.render(replace(message("205"), created_at=winter))
    assert b">20261121100500<" in written
    assert cdar.parse(written).created_at == winter
    with pytest.raises(ValueError, match="time zone"):
        cdar.render(replace(message("205"), created_at=winter.replace(tzinfo=None)))


def test_an_unknown_status_code_is_kept_as_it_came():
    read = cdar.parse(cdar.render(replace(message("205"), status_code="299", status_label="Nouveau")))
    assert (read.status_code, read.status_label) == ("299", "Nouveau")


@pytest.mark.parametrize(
    "data",
    [
        b"<a/>",
        etree.tostring(cdar.NS.root(f"rsm:{cdar.ROOT}")),
        cdar.render(message("205")).replace(b"20261121100500", b"20269921100500"),
        cdar.render(message("205")).replace(b">205<", b"><"),
        cdar.render(message("205")).replace(b">FAC-2026-00001<", b"><"),
    ],
)
def test_what_is_not_a_readable_message_is_refused_with_a_sentence(data):
    with pytest.raises(Invalid) as refusal:
        cdar.parse(data)
    assert str(refusal.value)
