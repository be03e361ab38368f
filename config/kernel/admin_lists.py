"""How people want to see lists, for superusers: to be read."""

from __future__ import annotations

from django.contrib import admin

from config.kernel.admin_base import FactAdmin
from config.kernel.models import DefaultView, SavedView


@admin.register(SavedView)
class SavedViewAdmin(FactAdmin):
    list_display = ["name", "page", "owner", "company", "is_shared", "created_at"]
    list_select_related = ["company", "owner"]
    list_filter = ["is_shared"]
    ordering = ["-created_at"]


@admin.register(DefaultView)
class DefaultViewAdmin(FactAdmin):
    list_display = ["page", "user", "view", "company"]
    list_select_related = ["company", "user", "view"]
    ordering = ["page", "pk"]
