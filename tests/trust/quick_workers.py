"""The product's background, with ten signs of life a second: `python -m tests.trust.quick_workers NAME…`."""

import sys

from config.runtime import beating, workers

beating.EVERY = 0.1

if __name__ == "__main__":
    sys.exit(workers.main(sys.argv[1:]))
