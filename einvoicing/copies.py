"""What a mirror says of its copy of an invoice, in words. A word that we do not know is shown as it came."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

# the last that holds is shown: fact of `Transmission.copy_facts` → words
FACTS: Mapping[str, str] = {
    "sent": n("Envoyée au client"),
    "overdue": n("En retard"),
    "received": n("Payée en partie"),
    "paid": n("Payée"),
    "cancelled": n("Annulée"),
}
STATES: Mapping[str, str] = {
    "draft": n("Brouillon"),
    "finalized": n("Finalisée"),
    "signed": n("Signée"),
    "refused": n("Refusée"),
    "paid": n("Payée"),
    "deleted": n("Supprimée"),
}


def label(facts: Mapping[str, str]) -> str:
    """The state of a copy, and what happened to it since; '' before its mirror said anything."""
    state = facts.get("state", "")
    if not state:
        return ""
    if state not in STATES:
        return _("État inconnu « %(state)s »") % {"state": state}
    latest = [name for name in FACTS if name in facts and state not in {"paid", "deleted"}]
    shown = [STATES[state], *(FACTS[name] for name in latest[-1:])]
    return ", ".join([_(shown[0]), *(_(word).lower() for word in shown[1:])])


def is_doubtful(facts: Mapping[str, str]) -> bool:
    """Whether a person may want to look at it there."""
    state = facts.get("state", "")
    return bool(state) and (state not in STATES or state == "refused" or ("overdue" in facts and "paid" not in facts))
