"""The addresses of PISTE and of Chorus Pro behind it."""

from __future__ import annotations

from django.urls import path

from einvoicing.sandbox.chorus_pro import access, control, public_bodies, views

urlpatterns = [
    path("api/oauth/token", access.token),
    path("cpro/factures/v1/deposer/flux", views.deposit),
    path("cpro/factures/v1/rechercher/fournisseur", views.search),
    path("cpro/factures/v1/consulter/historique", views.history),
    path("cpro/factures/v1/recycler", views.recycle),
    path("cpro/factures/v1/completer", views.complete),
    path("cpro/transverses/v1/consulterCRDetaille", views.flow_report),
    path("cpro/transverses/v1/ajouter/fichier", views.attach),
    path("cpro/transverses/v1/health-check", views.health_check),
    path("cpro/structures/v1/rechercher", public_bodies.search),
    path("cpro/structures/v1/consulter", public_bodies.consult),
    path("cpro/structures/v1/rechercher/services", public_bodies.services),
    path("cpro/structures/v1/consulter/service", public_bodies.service),
    path("cpro/<path:path>", access.unknown_route),
    path("sandbox/chorus-pro/ledger", control.ledger),
]
