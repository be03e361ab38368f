"""What each process of the web server (config/runtime/web.py) imports: the application behind its front."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from typing import Any

from config.runtime import embedded
from config.runtime.processes import stop_with_parent

OPEN_FILES = 65_536  # a connection is one, be it half open

if _parent := multiprocessing.parent_process():
    # forked with the first process's handler, which would swallow it until granian sets the one of this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    stop_with_parent(_parent.pid)
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(OPEN_FILES, _hard) if _hard > 0 else OPEN_FILES, _hard))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# before Django is imported: settings read the addresses that this sets
embedded.ensure()


def _application() -> Any:
    """Django, imported now that the services have their addresses, behind the front, which asks it once it is ready."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    wsgi = get_wsgi_application()
    from config.runtime.access_log import record
    from config.runtime.front import Front

    return Front(wsgi, record if settings.ACCESS_LOG else None)


application = _application()
