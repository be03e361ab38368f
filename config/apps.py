"""The composition root as an app: it brings the commands that touch every part of the house."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class HouseConfig(AppConfig):
    name = "config"
    label = "house"
    verbose_name = "Quittance"

    def ready(self) -> None:
        # whoever calls a task's delay() must find this application, not Celery's default one
        import_module("config.celery")
        if settings.SENTRY_DSN:
            import_module("config.runtime.watching").begin_errors(settings.SENTRY_DSN)
