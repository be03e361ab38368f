"""The product's Celery with one alarm twice a second and one each morning: `celery -A tests.trust.daily_clock`."""

from celery.schedules import crontab

from config.celery import app
from config.runtime import beating

beating.EVERY = 0.1
beating.BESIDE = 0.1
app.conf.beat_schedule = {
    "transmit": {"task": "einvoicing.transmit", "schedule": 0.5},
    "remind": {"task": "payments.remind", "schedule": crontab(hour=9, minute=0)},
}
