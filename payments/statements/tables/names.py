"""What banks call the columns of their exports, in French and in English, and what they write of a movement's state."""

from __future__ import annotations

import re
from collections.abc import Sequence

from payments.statements.base import BOOKED, PENDING, normalise

# another amount than the one booked, or a date of something else: never taken for the movement's own
OTHERS = re.compile(r"\b(ORIG|ORIGIN\w*|LOCAL (AMOUNT|CURRENCY)|VAT AMOUNT|TVA|HT|FEE CURRENCY|DEVISE D ORIGINE)\b")
UNITS = re.compile(r"\b(EN )?(EUR|EUROS?|USD|GBP|CHF|UTC)\b")

# by role, the names in the order in which one is preferred to another
ROLES: dict[str, tuple[str, ...]] = {
    "value_date": (r"(DATE|JOUR) (DE )?(LA )?VAL(EUR)?( .*)?", r"DATE ?VAL", r"VALUE ?DATE", r"VALUTA.*", r"DT VALEUR"),
    "date": (
        r"DATE (DE )?COMPTA\w*( .*)?", r"DATE COMPLETED", r"COMPLETED DATE", r"SETTLEMENT DATE LOCAL",
        r"BOOKING ?DATE", r"BOOKED( ON| DATE)?", r"POST(ED|ING) DATE", r"DATE (DE |D |DE L )?OPERATION( .*)?",
        r"DATE ?OP", r"SETTLEMENT DATE.*", r"(TRANSACTION|OPERATION|EXECUTION) ?DATE( LOCAL)?", r"DATE",
        r"DATE (DE |D |DE LA |DU |DE L )?(TRANSACTION|EXECUTION|MOUVEMENT|ECRITURE|REGLEMENT)( .*)?", r"JOUR", r"LE",
        r"(TRANSACTION|OPERATION) DATE.*", r"BUCHUNGSTAG", r"DATE STARTED|STARTED DATE", r"DATE .*",
    ),
    "direction": (
        r"SENS( .*)?", r"(DEBIT CREDIT|CREDIT DEBIT)( .*)?", r"D C|C D|DC|CD", r"SIDE", r"AF BIJ", r"SIGNE",
        r"CDTDBTIND", r"TYPE DE MOUVEMENT",
    ),
    "debit": (
        r"(MONTANT )?(AU )?DEBITS?( .*)?", r"MONTANT DEBITEUR", r"WITHDRAWALS?( AMOUNT)?", r"(PAID|MONEY) OUT",
        r"SORTIES?", r"DEPENSES?",
    ),
    "credit": (
        r"(MONTANT )?(AU )?CREDITS?( .*)?", r"MONTANT CREDITEUR", r"DEPOSITS?( AMOUNT)?", r"(PAID|MONEY) IN",
        r"ENTREES?", r"RECETTES?",
    ),
    "amount": (
        r"MONTANT|AMOUNT", r"MONTANT (DE L |DE LA |D |DU )?(OPERATION|TRANSACTION|MOUVEMENT)( .*)?",
        r"(TRANSACTION|OPERATION) AMOUNT", r"(MONTANT|AMOUNT) (NET|TOTAL|TTC).*", r"(TOTAL|NET) AMOUNT.*", r"SOMME",
        r"MOUVEMENTS?", r"BETRAG|BEDRAG|IMPORTE|IMPORTO", r"(MONTANT|AMOUNT) .*", r"VALEUR|VALUE",
    ),
    "fee": (r"FEES?", r"FRAIS", r"COMMISSIONS?"),
    "balance": (r"SOLDE( .*)?", r"(RUNNING |ACCOUNT ?)?BALANCE( .*)?", r"NOUVEAU SOLDE", r"SALDO.*"),
    "currency": (r"DEVISE( DU COMPTE)?", r"PAYMENT CURRENCY", r"CURRENCY( CODE)?", r"CCY", r"MONNAIE", r"CODE DEVISE"),
    "status": (r"STATUTS?", r"STATUS", r"STATE", r"ETAT"),
    "account": (
        r"(NUMERO|N|NO|NUM) (DE |DU )?COMPTE", r"IBAN (DU )?COMPTE", r"ACCOUNT ?(NUM|NUMBER|IBAN)", r"COMPTE( IBAN)?",
        r"ACCOUNT",
    ),
    "iban": (
        r"IBAN (DE LA |DE L |DU |DE )?\w+",
        r"(COUNTERPARTY|CONTREPARTIE|TIERS|BENEFICIARY|PARTNER|PAYER) (IBAN|ACCOUNT.*)",
        r"COMPTE (DE LA |DU )?(CONTREPARTIE|TIERS|BENEFICIAIRE)", r"TEGENREKENING", r"IBAN",
    ),
    "counterparty": (
        r"(NOM (DE LA |DE L |DU |DE |D )?)?(CONTREPARTIE|TIERS|BENEFICIAIRE|EMETTEUR|DONNEUR D ORDRE|PAYEUR|DEBITEUR)",
        r"COUNTERPARTY( NAME)?", r"PARTNER( NAME)?", r"PAYEE", r"(NOM|NAME)( .*)?", r"SUPPLIERFOUND", r"MERCHANT",
    ),
    "end_to_end_id": (r"END ?TO ?END( ?ID.*)?", r"ENDTOENDID", r"E2E.*", r"REFERENCE (DE )?BOUT EN BOUT"),
    "bank_reference": (
        r"(TRANSACTION|OPERATION) ID", r"ID( (DE )?(LA )?(TRANSACTION|OPERATION))?", r"IDENTIFIANT( .*)?", r"FITID",
        r"(NUMERO|N) (D |DE L |DE )?(OPERATION|ECRITURE|TRANSACTION)", r"REFERENCE (DE LA )?(BANQUE|INTERNE|BANCAIRE)",
    ),
    "reference": (r"REFERENCE( .*)?", r"REF( .*)?", r"(PAYMENT|STRUCTURED) REFERENCE"),
}  # fmt: skip
LABEL = re.compile(
    r"(LIBELLE|LABEL|DESCRIPTION|INTITULE|DETAIL|NATURE|MOTIF|COMMUNICATION|MEMO|OBJET|COMMENT|INFORMATION|NOTE|TEXT"
    r"|WORDING|REMITTANCE|OPERATION|TRANSACTION|TYPE|NARRATIVE|PURPOSE|PARTICULARS|ECRITURE|REFERENCE|REF)\w*( .*)?"
)

STATES = {
    **dict.fromkeys(
        ("", "BOOK", "BOOKED", "COMPLETED", "EXECUTED", "SETTLED", "POSTED", "DONE", "COMPTABILISE", "COMPTABILISEE",
         "EXECUTE", "EXECUTEE", "REGLE", "REGLEE", "EFFECTUE", "EFFECTUEE", "TERMINE", "TERMINEE", "VALIDE", "VALIDEE"),
        BOOKED,
    ),
    **dict.fromkeys(
        ("PDNG", "PENDING", "PROCESSING", "AUTHORIZED", "AUTHORISED", "CREATED", "EN COURS", "EN ATTENTE", "A VENIR"),
        PENDING,
    ),
    # these never moved the account
    **dict.fromkeys(
        ("REVERTED", "DECLINED", "FAILED", "CANCELLED", "CANCELED", "REJECTED", "REFUSE", "REFUSEE", "ANNULE",
         "ANNULEE", "REJETE", "REJETEE", "ECHOUE", "ECHOUEE"),
        "",
    ),
}  # fmt: skip
DIRECTIONS = {
    **dict.fromkeys(("C", "CR", "CREDIT", "CRDT", "IN", "BIJ", "ENTREE", "RECETTE", "H", "CREDITEUR", "AVOIR"), 1),
    **dict.fromkeys(("D", "DB", "DR", "DEBIT", "DBIT", "OUT", "AF", "SORTIE", "DEPENSE", "S", "DEBITEUR", "DOIT"), -1),
}
BALANCE_ROW = re.compile(
    r"(ANCIEN|NOUVEAU) SOLDE.*|SOLDE( (COMPTABLE|BANCAIRE))? (INITIAL|FINAL|PRECEDENT|ANTERIEUR|CREDITEUR|DEBITEUR"
    r"|D OUVERTURE|DE CLOTURE|AU|EN DATE)\b.*|SOLDE|(OPENING|CLOSING|STARTING|ENDING) BALANCE.*"
    r"|BALANCE (BROUGHT|CARRIED).*"
)
TOTAL_ROW = re.compile(
    r"(SOUS )?TOT(AL|AUX)( (GENERAL|DES?|DU|DEBITS?|CREDITS?|OPERATIONS?|MOUVEMENTS?|EN|EUR|EUROS|AMOUNT)\b.*)?"
    r"|A?REPORT(ER)?|GRAND TOTAL"
)


def role_of(name: str) -> tuple[str, int] | None:
    """The role of a column of that name and how far it is from the name preferred; None when it is none known."""
    plain = normalise(name)
    if not plain or OTHERS.search(plain):
        return None
    bare = " ".join(UNITS.sub("", plain).split()) or plain
    for role, patterns in ROLES.items():
        for rank, pattern in enumerate(patterns):
            if re.fullmatch(pattern, bare) or re.fullmatch(pattern, plain):
                return role, rank
    return None


def roles_of(names: Sequence[str]) -> dict[str, int]:
    """The column of each role that these names give, the preferred name first."""
    found: dict[str, tuple[int, int]] = {}
    for column, name in enumerate(names):
        role = role_of(name)
        if role is not None and (role[0] not in found or role[1] < found[role[0]][0]):
            found[role[0]] = (role[1], column)
    return {role: column for role, (_rank, column) in found.items()}


def is_label(name: str) -> bool:
    """Whether a column of that name tells in words what the movement is."""
    role = role_of(name)
    return LABEL.fullmatch(normalise(name)) is not None and (role is None or role[0] == "reference")


def is_header(names: Sequence[str]) -> bool:
    """Whether these cells name a date and an amount."""
    roles = roles_of(names)
    return "date" in roles and ("amount" in roles or {"debit", "credit"} <= roles.keys())
