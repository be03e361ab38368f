"""The product's pages without the indentation of their sources: a quarter of what a list weighs."""

from __future__ import annotations

import re

from django.template.base import Origin
from django.template.loaders.filesystem import Loader as FilesystemLoader

INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class Loader(FilesystemLoader):
    """Django's own, which takes the indentation off HTML as it is read, once. What a variable holds stays as it is.

    Lines stay lines, so that an error names the one of its source; a text (e-mails) is left as it was written.
    """

    def get_contents(self, origin: Origin) -> str:
        source: str = super().get_contents(origin)
        return INDENTATION.sub("", source) if origin.name.endswith(".html") else source
