"""The first step of a new company: whom it bills."""

from django.utils.translation import gettext_lazy as _

from config.kernel.todo import FirstStep, first_step
from customers.models import Customer

first_step(
    FirstStep(
        "customers:customer-new",
        _("Ajoutez un client"),
        _("Son SIRET suffit pour une organisation."),
        _("Nouveau client"),
        is_done=lambda: Customer.objects.customers().exists(),
    )
)
