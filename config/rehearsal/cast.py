"""Who and what the demonstration is made of: its people, companies, customers and goods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.kernel.models import VatRegime

PASSWORD = "quittance-demo"  # noqa: S105 - printed on every start of the demonstration, which never runs in production


@dataclass(frozen=True, slots=True)
class Login:
    who: str
    email: str
    role: str


LOGINS = (
    Login("staff", "claire@verone.example", "gérante de Vérone Mobilier et de l’Atelier Durand"),
    Login("accountant", "hugo@verone.example", "comptable de Vérone Mobilier"),
    Login("sales", "ines@verone.example", "commerciale de Vérone Mobilier"),
    Login("superuser", "admin@quittance.example", "administration Django, /admin/"),
    Login("partner", "partenaire@integration.example", "système partenaire, REST"),
)

VERONE: dict[str, Any] = {
    "name": "Vérone Mobilier",
    "legal_form": "SAS",
    "share_capital": "150 000 €",
    "siren": "732829320",
    "siret": "73282932000074",
    "rcs_city": "Lyon",
    "address_line": "12 quai Saint-Antoine",
    "postcode": "69002",
    "city": "Lyon",
    "email": "facturation@verone.example",
    "phone": "04 72 00 00 00",
    "iban": "FR7630006000011234567890189",
    "bic": "AGRIFRPP",
}
DURAND: dict[str, Any] = {
    "name": "Atelier Durand",
    "legal_form": "EI",
    "siren": "404833048",
    "siret": "40483304800022",
    "address_line": "3 rue du Four",
    "postcode": "35000",
    "city": "Rennes",
    "email": "bonjour@atelier-durand.example",
    "iban": "FR1420041010050500013M02606",
    "vat_regime": VatRegime.FRANCHISE,
    "accent_color": "#7a3e2b",
}

ORGANISATIONS = (
    ("Maison Lumière", "55210055400013", "18 rue de la Paix", "75002", "Paris"),
    ("Hôtel des Trois Fontaines", "81245678800015", "1 place du Capitole", "31000", "Toulouse"),
    (
        "Cabinet Ferrand & Associés – expertise comptable et commissariat aux comptes",
        "38012986646850",
        "4 cours Mirabeau",
        "13100",
        "Aix-en-Provence",
    ),
    ("Librairie du Passage", "33370344500010", "11 rue de Brest", "69002", "Lyon"),
    ("Brasserie Georges-Henri", "30217634200012", "30 cours de Verdun", "69002", "Lyon"),
    ("Coopérative Les Vignes Hautes", "39860733300059", "Route des Crêtes", "21200", "Beaune"),
)
PUBLIC_BODIES = (
    ("Commune de Belleville", "21690019100018", "105 rue de la République", "69220", "Belleville", "SERVICE-ACHATS"),
)
INDIVIDUALS = (("Ada", "Moreau"), ("Jean-Baptiste", "Lefèvre-Dumoulin"), ("Naïma", "Benali"))
GOODS = (
    ("CH-01", "Chaise Bistrot, hêtre", "120"),
    ("TB-04", "Table ronde 110 cm, noyer", "690"),
    ("LU-02", "Suspension laiton", "185.50"),
    ("ET-09", "Étagère murale", "95"),
    ("FA-03", "Fauteuil Lauriston", "1240"),
)
SERVICES = (("PO-01", "Livraison et pose", "75", "HUR"), ("CO-01", "Conseil en aménagement", "110", "HUR"))
