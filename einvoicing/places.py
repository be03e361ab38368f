"""Where transmissions are found, and what has no page of its own."""

from django.utils.translation import gettext_lazy as _

from config.kernel.places import SHOWN_AT, Place, declare_pages

declare_pages(Place("einvoicing:transmission-list", _("E-facturation"), "send", setting="ENABLE_EINVOICING"))
SHOWN_AT["einvoicing.remotedocument"] = "einvoicing:transmission-list"
SHOWN_AT["einvoicing.platformaccount"] = "einvoicing:compliance"
