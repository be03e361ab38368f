"""« Dossier de contrôle »: what an inspector takes away, and can verify without us (LPF L47 A; PCG 1031-1).

One ZIP: the FEC, the chain of facts, what it sealed, the documents as they were issued, their statuses, how numbers
were given, and a program of plain Python that recomputes all of it.
"""

from billing.ledger.dossier.parts import declare_part as declare_part
from billing.ledger.dossier.writing import dossier_name as dossier_name
from billing.ledger.dossier.writing import write_dossier as write_dossier
