"""The addresses of PISTE and of Chorus Pro behind it."""

from __future__ import annotations

from django.urls import path

from einvoicing.sandbox.chorus_pro import access, answers, control, deposits, listings, structures

urlpatterns = [
    path("api/oauth/token", access.token),
    path("cpro/factures/v1/deposer/flux", deposits.deposit),
    path("cpro/factures/v1/rechercher/fournisseur", listings.search),
    path("cpro/factures/v1/consulter/historique", listings.history),
    path("cpro/factures/v1/recycler", answers.recycle),
    path("cpro/factures/v1/completer", answers.complete),
    path("cpro/transverses/v1/consulterCRDetaille", deposits.flow_report),
    path("cpro/transverses/v1/ajouter/fichier", deposits.attach),
    path("cpro/transverses/v1/health-check", deposits.health_check),
    path("cpro/structures/v1/rechercher", structures.search),
    path("cpro/structures/v1/consulter", structures.consult),
    path("cpro/structures/v1/rechercher/services", structures.services),
    path("cpro/structures/v1/consulter/service", structures.service),
    path("cpro/utilisateurs/v1/monCompte/recuperer/rattachements", structures.attachments),
    path("cpro/engagementsJuridiques/v1/rechercher", structures.commitments),
    path("cpro/<path:path>", access.unknown_route),
    path("sandbox/chorus-pro/ledger", control.ledger),
]
