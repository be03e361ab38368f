"""The API's addresses of this app; names live under `api:`."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
