"""The simulated Chorus Pro refuses what the real one does: fields it does not have, calls beyond the quota."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import override_settings

from tests.einvoicing.platforms.conftest import Account

pytestmark = pytest.mark.django_db

SEARCH, REPORT = "factures/v1/rechercher/fournisseur", "transverses/v1/consulterCRDetaille"
NOON = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        (SEARCH, {"numero": "FAC-1"}, "numero"),
        (SEARCH, {"rechercheFactureParFournisseur": {"page": 2}}, "rechercheFactureParFournisseur.page"),
        (REPORT, {"numeroFluxDepot": "x", "numeroFacture": "y"}, "numeroFacture"),
        ("factures/v1/completer", {"pieceJointeComplementaire": [{"id": 1}]}, "pieceJointeComplementaire.id"),
    ],
)
def test_a_field_the_method_does_not_have_is_refused_by_its_name(api, path, body, name):
    refused = api.post(path, body)
    assert (refused.status_code, refused.json()["codeRetour"]) == (400, 20001)
    assert refused.json()["libelle"] == f"Champ inconnu : {name}"


def test_a_quota_is_counted_per_application_and_says_when_it_starts_anew(api, account: Account):
    other = type(api)(account.another())
    with override_settings(SANDBOX_QUOTA_MINUTE=2, SANDBOX_CLOCK=lambda: NOON):
        answers = [api.post(REPORT, {"numeroFluxDepot": "x"}) for _call in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["Retry-After"] == "30"
        assert other.post(REPORT, {"numeroFluxDepot": "x"}).status_code == 200
    with override_settings(SANDBOX_QUOTA_MINUTE=2, SANDBOX_CLOCK=lambda: NOON.replace(minute=1)):
        assert api.post(REPORT, {"numeroFluxDepot": "x"}).status_code == 200


def test_a_day_s_quota_ends_at_midnight_in_paris_and_may_say_nothing_of_it(api):
    with override_settings(SANDBOX_QUOTA_DAY=1, SANDBOX_CLOCK=lambda: NOON):
        api.post(REPORT)
        assert api.post(REPORT).headers["Retry-After"] == str(10 * 3600 + 59 * 60 + 30)
        with override_settings(SANDBOX_QUOTA_SAYS_WHEN=False):
            assert "Retry-After" not in api.post(REPORT).headers
