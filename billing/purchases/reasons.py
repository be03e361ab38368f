"""The codes of the official list with which a buyer refuses (210) or contests (207) an invoice: BR-FR-CDV-CL-09.

Their French sentences stand with the life cycle of e-invoicing; a test of that app holds the two lists together.
"""

from __future__ import annotations

REFUSALS = (
    *("TX_TVA_ERR", "MONTANTTOTAL_ERR", "CALCUL_ERR", "NON_CONFORME", "DOUBLON", "DEST_ERR", "TRANSAC_INC"),
    *("EMMET_INC", "CONTRAT_TERM", "DOUBLE_FACT", "CMD_ERR", "ADR_ERR", "REF_CT_ABSENT"),
)
DISPUTES = (
    *("AUTRE", "COORD_BANC_ERR", *REFUSALS, "DEST_INC", "SIRET_ERR", "CODE_ROUTAGE_ERR", "REF_ERR", "PU_ERR"),
    *("REM_ERR", "QTE_ERR", "ART_ERR", "MODPAI_ERR", "QUALITE_ERR", "LIVR_INCOMP"),
)
