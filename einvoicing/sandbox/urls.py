"""The addresses of all simulated services; served by its own process, never beside ours."""

from __future__ import annotations

from django.urls import path

from config.sandbox.time_stamps import time_stamp
from einvoicing.sandbox import access, control, directory, supplies, views
from einvoicing.sandbox.abby.urls import urlpatterns as abby
from einvoicing.sandbox.chorus_pro.urls import urlpatterns as chorus_pro
from einvoicing.sandbox.pennylane.urls import urlpatterns as pennylane
from payments.sandbox.urls import urlpatterns as payments

_FLOWS = "flow-service/v1"
_DIRECTORY = "directory-service/v1"

urlpatterns = [
    path("", control.home),
    path("oauth/token", access.token),
    path(f"{_FLOWS}/flows", views.deposit),
    path(f"{_FLOWS}/flows/search", views.search),
    path(f"{_FLOWS}/flows/<str:flow_id>", views.flow),
    path(f"{_FLOWS}/healthcheck", views.healthcheck),
    path(f"{_DIRECTORY}/directory-line/search", directory.search_lines),
    path(f"{_DIRECTORY}/directory-line/code:<str:code>", directory.directory_line),
    path(f"{_DIRECTORY}/siren/code-insee:<str:siren>", directory.siren),
    path(f"{_DIRECTORY}/siret/code-insee:<str:siret>", directory.siret),
    path("tsa", time_stamp),
    path("sandbox/ledger", control.ledger),
    path("sandbox/faults", control.fault_rows),
    path("sandbox/supplies", supplies.supplies),
    path("sandbox/supplied", supplies.supplied),
    *chorus_pro,
    *pennylane,
    *abby,
    *payments,
]
