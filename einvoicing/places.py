"""Where transmissions are found, and what has no page of its own."""

from django.utils.translation import gettext_lazy as _

from config.kernel.places import SHOWN_AT, Place, declare_pages, declare_tabs

declare_pages(Place("einvoicing:transmission-list", _("E-facturation"), "send", setting="ENABLE_EINVOICING"))
declare_tabs(Place("einvoicing:received-list", _("À traiter"), "download", _("factures reçues réception boîte")))
SHOWN_AT["einvoicing.receptionsource"] = "einvoicing:received-list"
SHOWN_AT["einvoicing.supplierstatus"] = "einvoicing:received-list"
SHOWN_AT["einvoicing.remotedocument"] = "einvoicing:transmission-list"
SHOWN_AT["einvoicing.platformaccount"] = "einvoicing:compliance"
