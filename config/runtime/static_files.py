"""Static files as production serves them: named by their content, with a gzip beside each.

No Brotli: at its best it takes a minute for each release, for kilobytes that a browser asks for once.
"""

from __future__ import annotations

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class GzippedStaticFiles(CompressedManifestStaticFilesStorage):
    def create_compressor(self, **options: Any) -> Compressor:
        return Compressor(**options, use_brotli=False)
