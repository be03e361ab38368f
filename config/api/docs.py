"""The documentation as a page: Swagger UI from its wheel, nothing from elsewhere."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.kernel.middleware import POLICY

# Swagger UI writes style attributes; scripts stay ours alone
_STYLED = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")

schema = login_not_required(SpectacularAPIView.as_view())
_page = SpectacularSwaggerSplitView.as_view(url_name="api:schema")


@login_not_required
def docs(request: HttpRequest, **options: Any) -> HttpResponse:
    """The page of /api/docs."""
    response: HttpResponse = _page(request, **options)
    response["Content-Security-Policy"] = _STYLED
    return response
