"""The addresses of the simulated Abby: those of its API, and the simulator's own doors."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import path

from config.sandbox import faults
from einvoicing.sandbox.abby import people, views
from einvoicing.sandbox.abby.access import Operation, serve

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "/v2/company/me": {"GET": Operation(views.me, faults.HEALTH)},
    "/organizations": {"GET": Operation(views.organizations, faults.SEARCH)},
    "/organization": {"POST": Operation(views.organization, faults.DEPOSIT, "customer")},
    "/contacts": {"GET": Operation(views.contacts, faults.SEARCH)},
    "/contact": {"POST": Operation(views.contact, faults.DEPOSIT, "customer")},
    "/v2/billing/invoice/{key}": {
        "GET": Operation(views.read, faults.READ),
        "POST": Operation(views.create, faults.DEPOSIT, "create"),
    },
    "/v2/billing/invoice/{key}/timeline": {"PATCH": Operation(views.timeline, faults.DEPOSIT, "timeline")},
    "/v2/billing/invoice/{key}/general-informations": {
        "PATCH": Operation(views.general_informations, faults.DEPOSIT, "general")
    },
    "/v2/billing/invoice/{key}/asset": {"POST": Operation(views.create_asset, faults.DEPOSIT, "create")},
    "/v2/billing/asset/{key}": {"GET": Operation(views.read, faults.READ)},
    "/v2/billing/asset/{key}/general-informations": {
        "PATCH": Operation(views.general_informations, faults.DEPOSIT, "general")
    },
    "/v2/billing/{key}": {
        "GET": Operation(views.read, faults.READ),
        "DELETE": Operation(views.delete, faults.DEPOSIT),
    },
    "/v2/billing/{key}/title": {"PATCH": Operation(views.title, faults.DEPOSIT, "title")},
    "/v2/billing/{key}/lines": {"PATCH": Operation(views.lines, faults.DEPOSIT, "lines")},
    "/v2/billing/{key}/finalize": {"PATCH": Operation(views.finalize, faults.READ)},
    "/v2/billing/{key}/download": {"GET": Operation(views.download, faults.READ)},
    "/incomeBook": {"POST": Operation(views.income, faults.DEPOSIT, "income")},
}

urlpatterns = [
    *(
        path(template.removeprefix("/").replace("{key}", "<str:key>"), serve(template, operations))
        for template, operations in OPERATIONS.items()
    ),
    path("sandbox/abby/ledger", people.ledger),
    path("sandbox/abby/act", people.act),
    path("sandbox/abby/unpublished", people.open_unpublished),
]
