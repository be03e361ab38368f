"""The simulated Chorus Pro by bare HTTP: as strict as the real one, or the adapter's tests prove nothing."""

from __future__ import annotations

import base64

import pytest
import requests
from django.test import override_settings

from config.sandbox.accounts import CLIENT_SECRET
from tests.einvoicing.platforms.conftest import CII

pytestmark = pytest.mark.django_db

DEPOSIT, REPORT = "factures/v1/deposer/flux", "transverses/v1/consulterCRDetaille"
_PUBLISHED = """
    IN_DP_E2_CII_FACTURX IN_DP_E1_CII_16B IN_DP_E1_UBL_INVOICE IN_DP_E2_UBL_INVOICE_MIN IN_DP_E2_CII_MIN_16B
    IN_DP_E2_CII_MIN IN_DP_E2_CPP_FACTURE_MIN IN_DP_E2_PES_FACTURE_MIN IN_DP_E1_CII IN_DP_E1_PES_FACTURE
    IN_DP_E1_XCBL IN_DP_PDFARCHIVE_UBL_INVOICE_MUG IN_DP_PDFARCHIVE_CII_MUG
"""
SYNTAXES = _PUBLISHED.split()


def test_a_token_wants_a_form_a_known_client_the_secret_and_the_grant(account):
    form = {"grant_type": "client_credentials", "client_id": account.client_id, "client_secret": CLIENT_SECRET}
    address = f"{account.address}/api/oauth/token"
    given = requests.post(address, data=form | {"scope": "openid"}, timeout=5)
    assert (given.status_code, given.json()["expires_in"], given.json()["scope"]) == (200, 3600, "openid")
    for changed in ({"client_secret": "wrong"}, {"client_id": "stranger"}):
        refused = requests.post(address, data=form | changed, timeout=5)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")
    assert requests.post(address, json=form, timeout=5).status_code == 400
    assert requests.get(address, params=form, timeout=5).status_code == 405


def test_both_credentials_are_wanted(api):
    wrong = base64.b64encode(b"TECH_1@cpro.fr:wrong").decode()
    stranger = base64.b64encode(b"somebody:sandbox-password").decode()
    for headers in (
        {"Authorization": ""},
        {"Authorization": "Bearer forged"},
        {"cpro-account": ""},
        {"cpro-account": "not base64"},
        {"cpro-account": wrong},
        {"cpro-account": stranger},
        {"cpro-account": "", "Authorization": f"Basic {wrong}"},
    ):
        assert api.post(REPORT, {"numeroFluxDepot": "x"}, **headers).status_code == 401, headers
    assert api.post(REPORT, {"numeroFluxDepot": "x"}).status_code == 200


def test_a_token_out_of_date_opens_nothing(account, api):
    with override_settings(SANDBOX_TOKEN_SECONDS=-1):
        late = type(api)(account)
    assert late.post(REPORT).status_code == 401


def test_every_method_is_a_post_and_other_routes_do_not_exist(api):
    got = requests.get(f"{api.address}/cpro/{DEPOSIT}", headers=api.headers, timeout=5)
    assert got.status_code == 405
    for path in ("factures/v1/consulter/cr", "transverses/v1/consulter/cr", "v1/invoices"):
        assert api.post(path).status_code == 403
    well = requests.get(f"{api.address}/cpro/transverses/v1/health-check", headers=api.headers, timeout=5)
    assert well.status_code == 200
    assert api.post("transverses/v1/health-check").status_code == 405


def test_a_form_is_not_json(api):
    sent = requests.post(f"{api.address}/cpro/{DEPOSIT}", data={"nomFichier": "f"}, headers=api.headers, timeout=5)
    assert (sent.status_code, sent.json()["codeRetour"]) == (400, 20001)


@pytest.mark.parametrize(
    "changed",
    [
        {"syntaxeFlux": "IN_DP_E1_FACTURX"},
        {"syntaxeFlux": ""},
        {"nomFichier": "x" * 51},
        {"nomFichier": ""},
        {"fichierFlux": "not base64 !"},
        {"fichierFlux": None},
        {"avecSignature": "false"},
    ],
)
def test_a_deposit_ill_described_is_refused_in_the_envelope(api, changed):
    refused = api.deposit(b"<x/>", **changed)
    assert refused.status_code == 400
    assert refused.json()["codeRetour"] != 0
    assert refused.json()["libelle"]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_thirteen_syntaxes_are_taken_at_the_door(api, syntax):
    taken = api.deposit(b"<x/>", syntaxeFlux=syntax)
    facts = taken.json()
    assert (taken.status_code, facts["codeRetour"], facts["libelle"]) == (200, 0, "GCU_MSG_01_000")
    assert facts["syntaxeFlux"] == syntax
    assert facts["numeroFluxDepot"].startswith("CPP")
    assert "statut" not in facts


def test_a_file_beyond_django_s_own_limit_passes(api):
    padding = (b"<!--" + b"x" * 1024 + b"-->") * (13 * 1024)
    data = CII.format(number="FAC-BIG-1", buyer="ACHETEUR").encode() + padding
    assert api.state(api.deposit(data))["etatCourantDepotFlux"] == "IN_INTEGRE"


def test_a_file_beyond_the_limit_is_refused(api):
    with override_settings(SANDBOX_MAX_BYTES=2):
        assert api.deposit(b"<x/>").json()["codeRetour"] == 20003


def test_a_flow_turns_as_time_passes(api):
    with override_settings(SANDBOX_PACE=3600):
        sent = api.deposit(CII.format(number="FAC-PACE-1", buyer="ACHETEUR").encode())
        assert api.state(sent)["etatCourantDepotFlux"] == "IN_RECU"
    with override_settings(SANDBOX_PACE=0):
        told = api.state(sent)
    assert (told["etatCourantDepotFlux"], told["listeErreurDP"]) == ("IN_INTEGRE", [])
    assert "numeroFluxDepot" not in told


def test_a_search_gives_ten_rows_a_page_unless_told(api):
    for place in range(11):
        api.deposit(CII.format(number=f"FAC-PAGE-{place}", buyer="ACHETEUR").encode())
    first = api.post("factures/v1/rechercher/fournisseur").json()
    assert (len(first["listeFactures"]), first["parametresRetour"]["pages"]) == (10, 2)
    page = {"nbResultatsParPage": 10, "pageResultatDemandee": 2}
    second = api.post("factures/v1/rechercher/fournisseur", {"rechercheFactureParFournisseur": page}).json()
    assert len(second["listeFactures"]) == 1


def test_an_attachment_is_limited_in_size_and_name(api):
    piece = {
        "pieceJointeFichier": base64.b64encode(b"%PDF").decode(),
        "pieceJointeNom": "pv.pdf",
        "pieceJointeTypeMime": "application/pdf",
        "pieceJointeExtension": "PDF",
    }
    path = "transverses/v1/ajouter/fichier"
    assert api.post(path, piece).json()["pieceJointeId"] > 0
    assert api.post(path, piece | {"pieceJointeNom": "x" * 51}).status_code == 400
    large = base64.b64encode(b"x" * (10 * 1024 * 1024 + 1)).decode()
    assert api.post(path, piece | {"pieceJointeFichier": large}).json()["codeRetour"] == 20003
