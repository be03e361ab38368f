"""The accounts that buying books on, by the PCG (ANC 2014-03); supplier invoices never leave these for their VAT."""

from __future__ import annotations

SUPPLIERS = "401000"
ASSET_SUPPLIERS = "404000"
ACCRUED = "408100"  # goods or services here, invoice not
SUPPLIER_DEPOSITS = "409100"
ASSET_VAT = "445620"
DEDUCTIBLE_VAT = "445660"
WAITING_VAT = "445640"  # on services: deductible once they are paid (CGI 269-2 c, 271-I-2)
INTRA_EU_VAT = "445200"
ABROAD_VAT = "445210"
IMPORT_VAT = "445300"
CONSTRUCTION_VAT = "445716"  # a sub-account of 44571 of its own: 445711 to 445715 are those of our sales, by rate
PREPAID = "486000"
DISCOUNTS_OBTAINED = "765000"

GOODS = "607000"
OTHER_SERVICES = "628000"

NAMES: dict[str, str] = {
    SUPPLIERS: "Fournisseurs",
    ASSET_SUPPLIERS: "Fournisseurs d’immobilisations",
    ACCRUED: "Fournisseurs – factures non parvenues",
    SUPPLIER_DEPOSITS: "Fournisseurs – avances et acomptes versés sur commandes",
    INTRA_EU_VAT: "TVA due intracommunautaire",
    ABROAD_VAT: "TVA due sur services de prestataires étrangers",
    IMPORT_VAT: "TVA due sur importations",
    ASSET_VAT: "TVA déductible sur immobilisations",
    WAITING_VAT: "TVA déductible sur services non réglés",
    CONSTRUCTION_VAT: "TVA due sur sous-traitance de travaux",
    PREPAID: "Charges constatées d’avance",
    DISCOUNTS_OBTAINED: "Escomptes obtenus",
    "205000": "Concessions, brevets, logiciels",
    "215000": "Matériel et outillage industriels",
    "218200": "Matériel de transport",
    "218300": "Matériel de bureau et informatique",
    "218400": "Mobilier",
    "601000": "Achats de matières premières",
    "604000": "Achats d’études et de prestations de services",
    "606000": "Achats non stockés de matières et fournitures",
    "606100": "Fournitures non stockables (eau, énergie)",
    "606300": "Fournitures d’entretien et petit équipement",
    "606400": "Fournitures administratives",
    GOODS: "Achats de marchandises",
    "609000": "Rabais, remises et ristournes obtenus sur achats",
    "611000": "Sous-traitance générale",
    "613200": "Locations immobilières",
    "613500": "Locations mobilières",
    "614000": "Charges locatives et de copropriété",
    "615000": "Entretien et réparations",
    "617000": "Études et recherches",
    "618000": "Documentation, colloques, formation",
    "621000": "Personnel extérieur à l’entreprise",
    "622000": "Rémunérations d’intermédiaires et honoraires",
    "622600": "Honoraires",
    "623000": "Publicité, publications, relations publiques",
    "624000": "Transports de biens et transports collectifs du personnel",
    "625000": "Déplacements, missions et réceptions",
    "625100": "Voyages et déplacements",
    "625700": "Réceptions",
    "626000": "Frais postaux et de télécommunications",
    OTHER_SERVICES: "Divers services extérieurs",
    "635000": "Autres impôts, taxes et versements assimilés",
    "651000": "Redevances pour concessions, brevets, licences",
}
