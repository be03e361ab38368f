"""The Swiss chart of accounts (plan comptable PME, veb.ch 2013) over the numbers that the product books on.

Books keep one numbering for all companies, that of the PCG; an account of a Swiss company bears its number of the PME
chart before its name, on each page and in each file. They are the company's own rows: it may rename any of them.
"""

from __future__ import annotations

from billing.ledger.chart import full_code
from billing.models import LedgerAccount
from config.kernel.models import Company

SWISS_CHART = """
101 2800 Capital
106 2900 Réserves
110 2970 Bénéfice reporté
119 2970 Perte reportée
120 2979 Bénéfice de l’exercice
129 2979 Perte de l’exercice
164 2400 Dettes bancaires
205 1700 Valeurs immatérielles
2183 1520 Machines de bureau et informatique
371 1200 Marchandises
401 2000 Créanciers (dettes fournisseurs)
4091 1104 Acomptes versés aux fournisseurs
411 1100 Débiteurs (créances clients)
416 1108 Débiteurs douteux
4191 2030 Acomptes reçus de clients
421 2050 Salaires à payer
431 2270 Assurances sociales
44551 2201 Décompte TVA
44562 1171 Impôt préalable sur investissements et autres charges
44566 1170 Impôt préalable sur marchandises et services
4457191 2200 TVA due à 8,1 %
4457192 2200 TVA due à 2,6 %
4457193 2200 TVA due à 3,8 %
4457194 2200 TVA due à 7,7 % (jusqu’à 2023)
4457195 2200 TVA due à 2,5 % (jusqu’à 2023)
4457196 2200 TVA due à 3,7 % (jusqu’à 2023)
471 1099 Compte d’attente
486 1300 Charges payées d’avance
487 2301 Produits encaissés d’avance
491 1109 Ducroire
512 1020 Banque
53 1000 Caisse
58 1090 Virements internes
601 4000 Achats de matières
604 4400 Prestations de tiers
606 6500 Fournitures
607 4200 Achats de marchandises
613 6000 Loyers
615 6100 Entretien et réparations
616 6300 Assurances
6226 6530 Honoraires
623 6600 Publicité
6251 6640 Frais de voyage
626 6510 Télécommunications et ports
627 6940 Frais bancaires
641 5000 Salaires
645 5700 Charges sociales
654 3805 Pertes sur débiteurs
656 3806 Pertes de change sur créances et dettes
658 6700 Autres charges d’exploitation
661 6900 Charges financières
665 3800 Escomptes accordés
666 6949 Pertes de change
681 6800 Amortissements
695 8900 Impôts directs
701 3000 Ventes de produits fabriqués
706 3400 Prestations de services
707 3200 Ventes de marchandises
709 3800 Rabais accordés
756 3806 Gains de change sur créances et dettes
758 3600 Autres produits
763 6950 Produits financiers
766 6999 Gains de change
"""


def seed_swiss_chart(company: Company) -> None:
    """Name the accounts of a company as it begins; what it named itself stays."""
    rows = (line.partition(" ") for line in SWISS_CHART.strip().split("\n"))
    accounts = [LedgerAccount(company=company, code=full_code(code), name=name) for code, _space, name in rows]
    LedgerAccount.everywhere.bulk_create(accounts, ignore_conflicts=True)
