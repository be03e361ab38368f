"""Lists and histories of the simulated Chorus Pro, as loose and as cut as the real ones; and our adapter's reading."""

from __future__ import annotations

import dataclasses
import gzip
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from config.kernel.clock import PARIS
from config.kernel.errors import RemoteError
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.chorus_pro import payloads
from einvoicing.platforms.registry import connect
from tests.einvoicing.platforms.conftest import CII

pytestmark = pytest.mark.django_db

SEARCH, HISTORY = "factures/v1/rechercher/fournisseur", "factures/v1/consulter/historique"
TODAY = timezone.now().astimezone(PARIS).date()


def deposited(api, *numbers, kind="380"):
    for number in numbers:
        assert api.deposit(CII.replace(">380<", f">{kind}<").format(number=number, buyer="ACHETEUR").encode()).ok


def found(api, **criteria):
    return {row["numeroFacture"] for row in api.post(SEARCH, criteria).json()["listeFactures"]}


# -- the simulator -------------------------------------------------------------------------------------------------


def test_a_number_is_searched_by_part(api):
    deposited(api, "FAC-PART-12", "FAC-PART-120", "FAC-PART-3")
    assert found(api, numeroFacture="PART-12") == {"FAC-PART-12", "FAC-PART-120"}


def test_criteria_select_by_period_status_and_type(api):
    deposited(api, "FAC-CRIT-1")
    deposited(api, "AV-CRIT-2", kind="381")
    deposited(api, "ACC-CRIT-3", kind="386")
    assert found(api, typeFacture="AVOIR") == {"AV-CRIT-2"}
    assert found(api, typeFacture="ACOMPTE") == {"ACC-CRIT-3"}
    assert len(found(api, statutCourant=["MANDATEE"])) == 3
    assert found(api, statutCourant=["REJETEE"]) == set()
    assert len(found(api, periodeDateHeureEtatCourantDu=str(TODAY), periodeDateHeureEtatCourantAu=str(TODAY))) == 3
    assert found(api, periodeDateHeureEtatCourantDu=str(TODAY + timedelta(days=1))) == set()


@pytest.mark.parametrize(
    "criteria",
    [
        {"periodeDateHeureEtatCourantDu": "20/11/2026"},
        {"rechercheFactureParFournisseur": {"nbResultatsParPage": 0}},
        {"rechercheFactureParFournisseur": {"triColonne": "Couleur"}},
        {"rechercheFactureParFournisseur": {"triSens": "DESC"}},
    ],
)
def test_a_criterion_that_is_not_understood_is_refused_and_not_ignored(api, criteria):
    deposited(api, "FAC-WRONG-1")
    refused = api.post(SEARCH, criteria)
    assert (refused.status_code, refused.json()["codeRetour"]) == (400, 20001)


def test_rows_come_in_the_order_and_the_pages_asked_for_a_hundred_at_most(api):
    deposited(api, "FAC-SORT-1", "FAC-SORT-2", "FAC-SORT-3")
    page = {"triColonne": "NumeroFacture", "triSens": "Ascendant", "nbResultatsParPage": 2, "pageResultatDemandee": 2}
    told = api.post(SEARCH, {"rechercheFactureParFournisseur": page}).json()
    assert [row["numeroFacture"] for row in told["listeFactures"]] == ["FAC-SORT-3"]
    assert told["parametresRetour"] == {"nbResultatsParPage": 2, "pageCourante": 2, "pages": 2, "total": 3}
    many = api.post(SEARCH, {"rechercheFactureParFournisseur": {"nbResultatsParPage": 5000}}).json()
    assert many["parametresRetour"]["nbResultatsParPage"] == 100


def test_a_history_gives_its_latest_statuses_ten_a_page(account, api):
    account.fails("buyer", value="pays")
    deposited(api, "FAC-HIST-1")
    (row,) = api.post(SEARCH, {"numeroFacture": "FAC-HIST-1"}).json()["listeFactures"]
    paging = {"nbResultatsParPageListeHistoStatut": 3, "pageResultatDemandeeListeHistoStatut": 2}
    told = api.post(HISTORY, {"idFacture": row["identifiantFactureCPP"], "paramRechercheHistoStatuts": paging}).json()
    held = told["historiquesDesStatuts"]
    assert [passage["histoStatutId"] for passage in held["histoStatut"]] == [5, 4, 3]
    assert (held["pagesHistoStatut"], held["totalHistoStatut"], told["statutCourantCode"]) == (3, 8, "MISE_EN_PAIEMENT")


def test_an_archive_nobody_can_open_is_a_technical_error(api):
    state = api.state(api.deposit(gzip.compress(b"no archive"), nomFichier="flux.tar.gz"))
    assert (state["etatCourantDepotFlux"], state["listeErreurTechnique"][0]["codeErreur"]) == (
        "IN_REJETE",
        "FlowTypeError",
    )


# -- the adapter ---------------------------------------------------------------------------------------------------


@pytest.fixture
def _short_pages(monkeypatch):
    """Pages of two, whatever is asked for."""
    monkeypatch.setattr("einvoicing.sandbox.chorus_pro.listings._MOST", 2)


@pytest.mark.usefixtures("_short_pages")
def test_every_page_of_a_list_and_of_a_history_is_read(account, chorus):
    numbers = [account.invoice()[0] for _invoice in range(3)]
    for number in numbers:
        account.fails("buyer", value="pays")
        account.send(account.invoice(number=number)[1])
    assert {change.number for change in chorus.changes(TODAY)} == set(numbers)
    told = account.statuses(account.news()[0])
    assert [status.code for status in told].count("211") == 3
    assert len(told) == 3 * 8


def test_a_number_that_is_part_of_another_is_not_taken_for_it(account, chorus):
    number, _deposit = account.invoice()
    account.send(account.invoice(number=f"{number}0")[1])
    assert chorus.find("", number) is None
    mine = account.send(account.invoice(number=number)[1])
    assert chorus.find("", number).remote_id == mine


def test_changes_are_read_without_another_search(account, chorus):
    account.send(account.invoice()[1])
    (change,) = chorus.changes(TODAY)
    assert (change.code, change.mark[:8]) == ("205", "MANDATEE")
    account.fails("503", operation="search", times=9)
    assert [status.code for status in account.statuses(account.news()[0])][-1] == "205"


def test_a_cut_history_hides_no_rejection(account):
    account.fails("buyer", value="refuses")
    account.send(account.invoice()[1])
    account.fails("cut-history", operation="read")
    told = account.statuses(account.news()[0])
    assert [status.raw for status in told] == ["DEPOSEE", "REJETEE"]
    assert told[-1].reason == "Le bon de commande cité n’existe pas."


def test_days_written_the_french_way_are_read_and_written(account):
    with override_settings(SANDBOX_FRENCH_DATES=True):
        account.send(account.invoice()[1])
        (usual, french) = (connect(dataclasses.replace(account.settings, date_format=form)) for form in FORMS)
        with pytest.raises(RemoteError) as caught:
            usual.changes(TODAY)
        assert (caught.value.code, caught.value.retryable) == ("list_refused", False)
        assert len(french.changes(TODAY)) == 1
        told = account.statuses(account.news()[0])
        usual.close()
        french.close()
    assert all(status.is_dated for status in told)
    assert told[0].at.date() == TODAY


FORMS = ("%Y-%m-%d", "%d/%m/%Y")


def test_several_invoices_in_one_flow_have_each_their_own_outcome(account, chorus):
    taken, refused, other = account.invoice(), account.invoice(buyer="REJETTE"), account.invoice()
    receipts = chorus.deposit_several([taken[1], refused[1], other[1]])
    (flow,) = {receipt.remote_id for receipt in receipts}
    assert [receipt.tracking_id for receipt in receipts] == [
        deposit.tracking_id for _number, deposit in (taken, refused, other)
    ]
    verdicts = [chorus.acknowledgement(flow, number) for number, _deposit in (taken, refused, other)]
    assert [verdict.status for verdict in verdicts] == [AckStatus.OK, AckStatus.ERROR, AckStatus.OK]
    assert [detail.item for detail in verdicts[1].details] == [refused[0]]
    assert (account.ledger(taken[0])["accepted"], account.ledger(refused[0])["accepted"]) == (1, 0)


def test_a_flow_holds_one_syntax(account):
    deposit = account.invoice()[1]
    with pytest.raises(RemoteError):
        payloads.archive([deposit, dataclasses.replace(deposit, syntax="UBL")])
