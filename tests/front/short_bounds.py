"""The door of the product (config/asgi.py) with bounds that a test can wait for."""

from config.asgi import application as application
from config.runtime.front import answers, bodies

answers.LINGER_SECONDS = 0.05
bodies.SILENCE_SECONDS = 2.0
