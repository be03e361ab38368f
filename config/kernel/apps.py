"""The kernel: what every app stands on."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "config.kernel"
    label = "kernel"
    verbose_name = "Sociétés et journal d’audit"
