"""The simulated platforms; not installed in production."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    name = "einvoicing.sandbox"
    label = "einvoicing_sandbox"
    verbose_name = _("bac à sable")
