"""The kernel: what every app stands on."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    name = "config.kernel"
    label = "kernel"
    verbose_name = "Sociétés et journal d’audit"

    def ready(self) -> None:
        from config.kernel import quiet, row_security
        from config.kernel.people import passwords, receivers  # noqa: F401 - the one fills mails, the other listens

        autodiscover_modules("facts", "places", "search", "todo", "bulk", "imports", "tallies", "restored")
        pre_migrate.connect(row_security.work_as_owner, sender=self)
        post_migrate.connect(row_security.protect, sender=self)
        post_migrate.connect(quiet.remember_place, sender=self)
