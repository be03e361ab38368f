"""What each process of the web server (config/runtime/web.py) imports: the application behind its front."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal

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
embedded.ensure()

from django.conf import settings  # noqa: E402 - the services' addresses first
from django.core.wsgi import get_wsgi_application  # noqa: E402

_wsgi = get_wsgi_application()

from config.runtime.access_log import record  # noqa: E402 - the front asks Django, which is ready now
from config.runtime.front import Front  # noqa: E402

application = Front(_wsgi, record if settings.ACCESS_LOG else None)
