"""The sandbox of remote systems."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    name = "einvoicing.sandbox"
    label = "sandbox"
    verbose_name = _("bac à sable")
