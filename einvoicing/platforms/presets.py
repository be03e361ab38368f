"""Ready-made settings: what is known of each platform's addresses, so that an owner types only what the contract gives.

Only SUPER PDP's, Pennylane's, Abby's and the State's addresses are public; Tiime, Sage and others give theirs with the
contract (they are reached by the AFNOR standard).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from einvoicing.platforms.chorus_pro.addresses import ADDRESSES

_CHORUS_PRO = {name: (addresses.base_url, addresses.token_url) for name, addresses in ADDRESSES.items()}
_SERVICE, _DIRECTORY = "flow-service", "directory-service"


@dataclass(frozen=True, slots=True)
class Preset:
    """`addresses`: environment → (service, tokens); '' where the contract gives them or there are none."""

    slug: str
    label: str
    kind: str  # of the provider
    hint: str  # a French msgid: what to ask for, and where
    addresses: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    service_name: str = _SERVICE
    directory_name: str = _DIRECTORY

    def address(self, environment: str) -> tuple[str, str]:
        return self.addresses.get(environment, ("", ""))


PRESETS: tuple[Preset, ...] = (
    Preset(
        "superpdp", "SUPER PDP", "afnor",
        "L’identifiant et le secret se créent dans votre espace SUPER PDP, rubrique API.",
        {"production": ("https://api.superpdp.tech", "https://api.superpdp.tech/oauth2/token")},
        "afnor-flow", "afnor-directory",
    ),
    Preset("tiime", "Tiime", "afnor", "Tiime donne les adresses, l’identifiant et le secret avec le contrat."),
    Preset("sage", "Sage", "afnor", "Sage donne les adresses, l’identifiant et le secret avec le contrat."),
    Preset(
        "afnor", "Autre plateforme agréée", "afnor",
        "Toute plateforme au standard AFNOR XP Z12-013 : son contrat donne les adresses, l’identifiant et le secret.",
    ),
    Preset(
        "chorus_pro", "Chorus Pro (secteur public)", "chorus_pro",
        "L’identifiant et le secret viennent de votre application PISTE ; le compte technique, de Chorus Pro.",
        _CHORUS_PRO,
    ),
    Preset(
        "pennylane", "Pennylane", "pennylane",
        "Le jeton d’accès se crée dans Pennylane, Paramètres puis Développeurs.",
        {"production": ("https://app.pennylane.com/api/external/v2", "")},
    ),
    Preset(
        "abby", "Abby (copie de vos factures)", "abby",
        "La clé d’API se crée dans Abby, Paramètres puis Intégrations. Vos factures y sont copiées sans être "
        "renumérotées.",
        {"production": ("https://api.app-abby.com", "")},
    ),
)  # fmt: skip


def preset(slug: str) -> Preset | None:
    return next((preset for preset in PRESETS if preset.slug == slug), None)


def preset_of(kind: str, base_url: str) -> Preset:
    """The preset an account was made from: the one whose address it has, else the plainest of its kind."""
    same_kind = [preset for preset in PRESETS if preset.kind == kind]
    by_address = [preset for preset in same_kind if base_url in {base for base, _token in preset.addresses.values()}]
    return (by_address or [preset for preset in same_kind if preset.slug == kind] or same_kind)[0]
