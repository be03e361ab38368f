"""What buying asks for on the home page: each thing once, the worst first, and as many as its list shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from billing.purchases.ibans import see_iban
from config.kernel.clock import local_day
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from einvoicing.models import ReceivedDocument, ReceptionChannel, ReceptionSource
from einvoicing.reception.deciding import give_up
from einvoicing.reception.storing import store_document
from tests.billing.purchases.test_approving import a_rule
from tests.factories import people
from tests.factories.purchases import a_bought_line, a_checked_purchase, a_purchase, a_supplier, kept
from tests.factories.story import ACTOR
from tests.home.test_counts import first_count

pytestmark = pytest.mark.django_db
IBAN = "FR7630006000011234567890189"


def lines_of(client):
    home = client.get("/", headers={"Accept-Language": "fr"})
    return [todo for todo in home.context["todos"] if "ournisseur" in todo.sentence or "document" in todo.sentence]


def test_purchases_are_asked_for_once_each_with_the_act_of_who_reads(company):
    now = timezone.now()
    who = {"actor": ACTOR, "at": now}
    boss, clerk = people.a_person(company), people.a_person(company, Role.ACCOUNTANT)
    supplier = a_supplier(company, name="Un")
    with company_scope(company):
        for number in range(3):
            a_purchase(supplier, number=f"D-{number}", doubts=["unusual_amount"])
        for number in range(2):
            a_purchase(supplier, [a_bought_line(str(60 + number))], number=f"V-{number}")
        a_rule(company, boss, supplier=a_supplier(company, name="Deux"))
        other = a_supplier(company, name="Trois")
        a_rule(company, clerk, name="Trois", supplier=other)
        for number in range(2):
            a_checked_purchase(other, [kept(str(50 + 7 * number), "607000")], number=f"A-{number}")
        due = {"issue_date": local_day(now) - timedelta(days=40), "due_date": local_day(now) - timedelta(days=9)}
        a_checked_purchase(supplier, [kept("100", "606400")], number="P-1", **due)
        for one in (supplier, other):
            see_iban(supplier=one, iban=IBAN, **who)
    client = Client()
    client.force_login(clerk)
    found = lines_of(client)
    counts = {todo.sentence: (todo.tone, first_count(todo.sentence)) for todo in found}
    assert list(counts.items()) == [
        ("2 fournisseurs à l’IBAN non confirmé", ("bad", 2)),
        ("3 factures fournisseurs à vérifier", ("bad", 3)),
        ("2 factures fournisseurs à valider", ("warn", 2)),
        ("2 factures fournisseurs à approuver", ("warn", 2)),
        ("1 facture fournisseur à régler", ("warn", 1)),
    ]
    assert "dont 1 en retard" in found[-1].detail
    for todo in found[:3]:
        summary = client.get(todo.url, headers={"Accept-Language": "fr"}).context["summary"]
        assert first_count(summary) == first_count(todo.sentence), todo.url
    assert len(client.get(found[3].url).context["rows"]) == 2


def test_what_waits_in_reception_is_counted_by_what_stops_it(company, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    now = timezone.now()
    with company_scope(company):
        for number in range(2):
            store_document(
                company_id=company.pk,
                channel=ReceptionChannel.UPLOAD,
                name=f"{number}.pdf",
                data=b"no invoice %d" % number,
                media_type="application/pdf",
                actor=ACTOR,
                at=now,
            )
        for document in ReceivedDocument.objects.all():
            give_up(document, "Le fichier n’est pas un PDF.", actor=ACTOR, at=now)
        ReceptionSource.objects.create(
            company=company,
            channel=ReceptionChannel.FOLDER,
            folder="/factures",
            polled_at=now - timedelta(hours=3),
            last_error="Le dossier ne se lit pas.",
            missing=[{"id": "a"}, {"id": "b"}],
            owed=[{"id": "b", "tries": 2}],
            created_at=now,
        )
    client = people.signed_in(company)
    unread, silent, missing = lines_of(client)
    assert (unread.sentence, unread.tone, unread.action) == ("2 documents reçus illisibles", "bad", "Traiter")
    assert len(client.get(unread.url).context["rows"]) == 2
    assert silent.sentence == "Dossier : factures fournisseurs non lues"
    assert missing.sentence == "2 documents annoncés et pas reçus"
    assert lines_of(people.signed_in(company, Role.VIEWER)) == []
