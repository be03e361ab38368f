"""How often a sign-in was tried, counted in PostgreSQL: a limit that goes with the broker is none."""

from __future__ import annotations

from django.db import models


class SignInTries(models.Model):
    """Tries at one key (a person, an address, or both) since the last success, and until when no other is taken."""

    key = models.CharField(max_length=64, primary_key=True)  # a digest: nothing tells whose
    tries = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField()
    paused_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key[:8]} : {self.tries}"


class KnownPlace(models.Model):
    """An address or a browser from which a person signed in: tries made elsewhere do not count there."""

    key = models.CharField(max_length=64, primary_key=True)  # a digest: nothing tells whose, nor where
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key[:8]
