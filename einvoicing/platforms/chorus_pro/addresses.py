"""Where Chorus Pro is: PISTE's gateway for production and for qualification (its public sandbox)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Addresses:
    """`base_url` serves /cpro/…, `token_url` gives the tokens."""

    base_url: str
    token_url: str


ADDRESSES: dict[str, Addresses] = {
    "production": Addresses("https://api.piste.gouv.fr", "https://oauth.piste.gouv.fr/api/oauth/token"),
    "qualification": Addresses(
        "https://sandbox-api.piste.gouv.fr", "https://sandbox-oauth.piste.gouv.fr/api/oauth/token"
    ),
}


def addresses(environment: str) -> Addresses:
    """The State's own addresses for "production" or "qualification"; raises KeyError for another word."""
    return ADDRESSES[environment]
