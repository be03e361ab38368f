"""The common chart of accounts: PCG, ANC 2014-03 as changed by ANC 2022-06, for years opened from 1 January 2025.

One account a line, its code without ending zeros and its label; † stands behind a sub-account that practice uses
and the PCG does not name. A company's own accounts and labels come over these: chart.py.
"""

from __future__ import annotations

COMMON_CHART = """
101 Capital
1013 Capital souscrit appelé, versé
104 Primes liées au capital social
106 Réserves
1061 Réserve légale
1063 Réserves statutaires ou contractuelles
1068 Autres réserves
108 Compte de l’exploitant
109 Actionnaires : capital souscrit non appelé
110 Report à nouveau (solde créditeur)
119 Report à nouveau (solde débiteur)
120 Résultat de l’exercice (bénéfice)
129 Résultat de l’exercice (perte)
131 Subventions d’investissement
139 Subventions d’investissement inscrites au compte de résultat
145 Amortissements dérogatoires
151 Provisions pour risques
1515 Provisions pour pertes de change
153 Provisions pour pensions et obligations similaires
155 Provisions pour impôts
158 Autres provisions pour charges
164 Emprunts auprès des établissements de crédit
165 Dépôts et cautionnements reçus
166 Participation des salariés aux résultats
167 Emprunts et dettes assortis de conditions particulières
168 Autres emprunts et dettes assimilées
1688 Intérêts courus
171 Dettes rattachées à des participations
201 Frais d’établissement
203 Frais de recherche et de développement
205 Concessions, brevets, licences, marques, solutions informatiques
206 Droit au bail
207 Fonds commercial
208 Autres immobilisations incorporelles
211 Terrains
213 Constructions
215 Installations techniques, matériel et outillage industriels
2154 Matériel industriel
2181 Installations générales, agencements, aménagements divers
2182 Matériel de transport
2183 Matériel de bureau et matériel informatique
2184 Mobilier
218 Autres immobilisations corporelles
231 Immobilisations corporelles en cours
232 Immobilisations incorporelles en cours
238 Avances et acomptes versés sur commandes d’immobilisations corporelles
261 Titres de participation
267 Créances rattachées à des participations
271 Titres immobilisés
274 Prêts
275 Dépôts et cautionnements versés
280 Amortissements des immobilisations incorporelles
2805 Amortissements des concessions, brevets, licences, solutions informatiques
281 Amortissements des immobilisations corporelles
2813 Amortissements des constructions
2815 Amortissements des installations techniques, matériel et outillage
2818 Amortissements des autres immobilisations corporelles
290 Dépréciations des immobilisations incorporelles
291 Dépréciations des immobilisations corporelles
297 Dépréciations des autres immobilisations financières
311 Matières premières
321 Matières consommables
322 Fournitures consommables
326 Emballages
331 Produits en cours
345 Travaux en cours
351 Produits intermédiaires
355 Produits finis
371 Marchandises
391 Dépréciations des matières premières
395 Dépréciations des stocks de produits
397 Dépréciations des stocks de marchandises
401 Fournisseurs
4017 Fournisseurs – retenues de garantie
403 Fournisseurs – effets à payer
404 Fournisseurs d’immobilisations
405 Fournisseurs d’immobilisations – effets à payer
4081 Fournisseurs – factures non parvenues
4084 Fournisseurs d’immobilisations – factures non parvenues
4091 Fournisseurs – avances et acomptes versés sur commandes
4096 Fournisseurs – créances pour emballages et matériel à rendre
4097 Fournisseurs – autres avoirs
4098 Rabais, remises, ristournes à obtenir et autres avoirs non encore reçus
411 Clients
4117 Clients – retenues de garantie
413 Clients – effets à recevoir
416 Clients douteux ou litigieux
418 Clients – produits non encore facturés
4181 Clients – factures à établir
4188 Clients – intérêts courus
4191 Clients – avances et acomptes reçus sur commandes
4196 Clients – dettes sur emballages et matériel consignés
4197 Clients – autres avoirs
4198 Rabais, remises, ristournes à accorder et autres avoirs à établir
421 Personnel – rémunérations dues
422 Comités sociaux et économiques
424 Participation des salariés aux résultats
425 Personnel – avances et acomptes
427 Personnel – oppositions
428 Personnel – charges à payer
4282 Dettes provisionnées pour congés à payer
431 Sécurité sociale
437 Autres organismes sociaux
438 Organismes sociaux – charges à payer
441 État – subventions à recevoir
4421 Prélèvement à la source (impôt sur le revenu)
444 État – impôts sur les bénéfices
4452 TVA due intracommunautaire
44521 TVA due sur services de prestataires étrangers †
4453 TVA due sur importations †
44551 TVA à décaisser
44562 TVA déductible sur immobilisations
44564 TVA déductible sur services non réglés †
44566 TVA déductible sur autres biens et services
44567 Crédit de TVA à reporter
4457 Taxes sur le chiffre d’affaires collectées par l’entreprise
44571 TVA collectée
445711 TVA collectée à 20 % †
445712 TVA collectée à 10 % †
445713 TVA collectée à 5,5 % †
445714 TVA collectée à 2,1 % †
445715 TVA collectée à 8,5 % †
445716 TVA due sur sous-traitance de travaux †
445718 TVA collectée aux autres taux †
4457181 TVA collectée à 1,75 % (outre-mer) †
4457182 TVA collectée à 1,05 % (outre-mer) †
4457183 TVA collectée à 13 % (Corse) †
4457184 TVA collectée à 0,9 % (Corse) †
44574 TVA collectée sur opérations non réglées †
445741 TVA sur opérations non réglées à 20 % †
445742 TVA sur opérations non réglées à 10 % †
445743 TVA sur opérations non réglées à 5,5 % †
445744 TVA sur opérations non réglées à 2,1 % †
445745 TVA sur opérations non réglées à 8,5 % †
445748 TVA sur opérations non réglées aux autres taux †
4458 Taxes sur le chiffre d’affaires à régulariser ou en attente
44581 Acomptes – régime simplifié d’imposition
44583 Remboursement de taxes sur le chiffre d’affaires demandé
44584 TVA récupérée d’avance
44586 TVA sur factures non parvenues
44587 TVA sur factures à établir
447 Autres impôts, taxes et versements assimilés
448 État – charges à payer et produits à recevoir
451 Groupe
455 Associés – comptes courants
456 Associés – opérations sur le capital
457 Associés – dividendes à payer
462 Créances sur cessions d’immobilisations
467 Divers comptes débiteurs et produits à recevoir
468 Divers comptes créditeurs et charges à payer
471 Compte d’attente
472 Compte d’attente (2)
473 Compte d’attente (3)
476 Différences de conversion – actif
4761 Diminution des créances – actif
4762 Augmentation des dettes – actif
477 Différences de conversion – passif
4771 Augmentation des créances – passif
4772 Diminution des dettes – passif
481 Frais d’émission des emprunts
486 Charges constatées d’avance
487 Produits constatés d’avance
491 Dépréciations des comptes de clients
496 Dépréciations des comptes de débiteurs divers
503 Actions
508 Autres valeurs mobilières de placement
511 Valeurs à l’encaissement
5112 Chèques à encaisser
5115 Cartes bancaires à encaisser †
512 Banques
517 Autres organismes financiers
518 Intérêts courus
519 Concours bancaires courants
53 Caisse
58 Virements internes
601 Achats stockés – matières premières et fournitures
602 Achats stockés – autres approvisionnements
603 Variation des stocks (approvisionnements et marchandises)
604 Achats d’études et prestations de services
605 Achats de matériel, équipements et travaux
606 Achats non stockés de matières et fournitures
6061 Fournitures non stockables (eau, énergie)
6063 Fournitures d’entretien et de petit équipement
6064 Fournitures administratives
6068 Autres matières et fournitures
607 Achats de marchandises
608 Frais accessoires d’achat
609 Rabais, remises et ristournes obtenus sur achats
611 Sous-traitance générale
612 Redevances de crédit-bail
613 Locations
6132 Locations immobilières
6135 Locations mobilières
614 Charges locatives et de copropriété
615 Entretien et réparations
6156 Maintenance
616 Primes d’assurances
617 Études et recherches
618 Divers (documentation, colloques, formation)
619 Rabais, remises et ristournes obtenus sur services extérieurs
621 Personnel extérieur à l’entreprise
622 Rémunérations d’intermédiaires et honoraires
6226 Honoraires
6227 Frais d’actes et de contentieux
623 Publicité, publications, relations publiques
6234 Cadeaux à la clientèle
624 Transports de biens et transports collectifs du personnel
625 Déplacements, missions et réceptions
6251 Voyages et déplacements
6256 Missions
6257 Réceptions
626 Frais postaux et de télécommunications
627 Services bancaires et assimilés
628 Divers services extérieurs
629 Rabais, remises et ristournes obtenus sur autres services extérieurs
631 Impôts, taxes et versements assimilés sur rémunérations (administrations des impôts)
633 Impôts, taxes et versements assimilés sur rémunérations (autres organismes)
635 Autres impôts, taxes et versements assimilés (administrations des impôts)
6351 Impôts directs
63511 Contribution économique territoriale
637 Autres impôts, taxes et versements assimilés (autres organismes)
641 Rémunérations du personnel
644 Rémunération du travail de l’exploitant
645 Cotisations de sécurité sociale et de prévoyance
646 Cotisations sociales personnelles de l’exploitant
647 Autres cotisations sociales
648 Autres charges de personnel
649 Remboursements de charges de personnel
651 Redevances pour concessions, brevets, licences, solutions informatiques
653 Rémunérations de l’activité des administrateurs et des gérants
654 Pertes sur créances irrécouvrables
6541 Créances irrécouvrables de l’exercice
6544 Créances irrécouvrables des exercices antérieurs
656 Pertes de change sur créances et dettes commerciales
657 Valeurs comptables des immobilisations cédées
658 Pénalités et autres charges
6581 Pénalités sur marchés, dédits payés
6582 Pénalités et amendes fiscales ou pénales
661 Charges d’intérêts
6618 Intérêts des autres dettes
665 Escomptes accordés
666 Pertes de change financières
667 Valeurs comptables des immobilisations financières cédées
668 Autres charges financières
672 Charges exceptionnelles sur exercices antérieurs
678 Autres charges exceptionnelles
681 Dotations aux amortissements, dépréciations et provisions – exploitation
6811 Dotations aux amortissements sur immobilisations incorporelles et corporelles
68112 Dotations aux amortissements sur immobilisations corporelles
6815 Dotations aux provisions d’exploitation
68174 Dotations aux dépréciations des créances
686 Dotations aux amortissements, dépréciations et provisions – financier
687 Dotations aux amortissements, dépréciations et provisions – exceptionnel
691 Participation des salariés aux résultats
695 Impôts sur les bénéfices
701 Ventes de produits finis
703 Ventes de produits résiduels
704 Travaux
705 Études
706 Prestations de services
707 Ventes de marchandises
708 Produits des activités annexes
7083 Locations diverses
7085 Ports et frais accessoires facturés
709 Rabais, remises et ristournes accordés
7096 Rabais, remises et ristournes accordés sur prestations de services
7097 Rabais, remises et ristournes accordés sur ventes de marchandises
713 Variation des stocks (en-cours de production, produits)
721 Production immobilisée – immobilisations incorporelles
741 Subventions d’exploitation
747 Quote-part des subventions d’investissement virée au résultat
751 Redevances pour concessions, brevets, licences, solutions informatiques
752 Revenus des immeubles non affectés aux activités professionnelles
756 Gains de change sur créances et dettes commerciales
757 Produits des cessions d’immobilisations
758 Indemnités et autres produits
7581 Dédits et pénalités perçus sur achats et ventes
7583 Rentrées sur créances amorties
7587 Indemnités d’assurance
761 Produits de participations
762 Produits des autres immobilisations financières
763 Revenus des autres créances
7631 Revenus des créances commerciales
764 Revenus des valeurs mobilières de placement
765 Escomptes obtenus
766 Gains de change financiers
767 Produits des cessions d’immobilisations financières
768 Autres produits financiers
772 Produits exceptionnels sur exercices antérieurs
778 Autres produits exceptionnels
781 Reprises sur amortissements, dépréciations et provisions – exploitation
78174 Reprises sur dépréciations des créances
786 Reprises sur dépréciations et provisions – financier
787 Reprises sur dépréciations et provisions – exceptionnel
"""
