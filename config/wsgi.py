"""The door of the web server: any server that speaks WSGI; ours comes in by config/asgi.py."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config.runtime import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
embedded.ensure()
application = get_wsgi_application()
