"""Customers: organisations and individuals whom a company bills."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = "Clients"
