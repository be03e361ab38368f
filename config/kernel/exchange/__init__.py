"""Exchange rates by day: read from the European Central Bank's files or typed, each company its own table."""

from config.kernel.exchange.rates import Rate as Rate
from config.kernel.exchange.rates import UnknownRate as UnknownRate
from config.kernel.exchange.rates import import_rates as import_rates
from config.kernel.exchange.rates import known_currencies as known_currencies
from config.kernel.exchange.rates import rate_on as rate_on
from config.kernel.exchange.rates import save_rate as save_rate
