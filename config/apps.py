"""The composition root as an app: it brings the commands that touch every part of the house."""

from django.apps import AppConfig


class HouseConfig(AppConfig):
    name = "config"
    label = "house"
    verbose_name = "Quittance"
