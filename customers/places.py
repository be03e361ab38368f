"""Where customers are found and made."""

from django.utils.translation import gettext_lazy as _

from config.kernel.places import Place, declare_acts, declare_pages, declare_tabs

declare_pages(Place("customers:customer-list", _("Clients"), "users"))
declare_tabs(Place("customers:customer-list", _("Clients"), "users"))
declare_acts(Place("customers:customer-new", _("Nouveau client"), "plus", _("créer organisation particulier")))
