"""The product's Celery, with a clock that rings twice a second: `celery -A tests.trust.quick_clock`."""

from config.celery import app

app.conf.beat_schedule = {"transmit": {"task": "einvoicing.transmit", "schedule": 0.5}}
