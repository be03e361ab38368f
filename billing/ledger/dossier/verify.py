"""Vérifie un dossier de contrôle, hors du logiciel qui l'a produit : python verify.py DOSSIER

Python 3.10 ou plus récent, sans rien d'autre. Chaque contrôle recalcule ; rien n'est cru.

1. manifest.json : chaque fichier a le SHA-256 et la taille annoncés, et aucun n'est en trop.
2. chaine/evenements.jsonl : le contenu de chaque événement a son SHA-256 ; son empreinte est celle de
   « empreinte précédente | rang | SHA-256 du contenu » ; les rangs se suivent depuis 1 jusqu'à la tête annoncée.
3. chaine/faits.jsonl : chaque facture, fichier et écriture a le SHA-256 que son événement a scellé.
4. documents/ : chaque fichier a le SHA-256 que dit le fait scellé.
5. le FEC : chaque ligne est celle d'une écriture scellée, au centime, et toutes y sont.
"""

import hashlib
import json
import pathlib
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

# des comptes, débits et crédits, par numéro d'écriture
Entries = dict[str, list[tuple[str, Decimal, Decimal]]]


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: pathlib.Path) -> tuple[str, int]:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest(), path.stat().st_size


def lines_of(path: pathlib.Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def check_files(folder: pathlib.Path, manifest: Any) -> Iterator[str]:
    listed = {row["name"]: row for row in manifest["files"]}
    for name, row in listed.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} : absent"
        elif sha256_of_file(path) != (row["sha256"], row["size"]):
            yield f"{name} : ce n'est pas le fichier annoncé"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in listed.keys() | {"manifest.json"}:
            yield f"{name} : en trop"


def check_chain(folder: pathlib.Path, manifest: Any, sealed: dict[str, str]) -> Iterator[str]:
    """Fill `sealed`: what each event says of the row that it sealed."""
    previous, place = "", 0
    for event in lines_of(folder / "chaine/evenements.jsonl"):
        place += 1
        if event["sequence"] != place:
            yield f"événement {place} : la chaîne saute au rang {event['sequence']}"
            place = event["sequence"]
        if sha256(event["content"].encode()) != event["content_hash"]:
            yield f"événement {place} : son contenu a été modifié"
        if event["previous_hash"] != previous:
            yield f"événement {place} : il ne suit pas le précédent"
        if sha256(f"{event['previous_hash']}|{event['sequence']}|{event['content_hash']}".encode()) != event["hash"]:
            yield f"événement {place} : son empreinte a été modifiée"
        previous = event["hash"]
        content = json.loads(event["content"])
        if content.get("digest"):
            sealed[content["subjects"][0]] = content["digest"]
    if (place, previous) != (manifest["chain"]["length"], manifest["chain"]["head"]):
        yield "la fin de la chaîne n'est pas celle du manifeste"


def check_facts(
    folder: pathlib.Path, sealed: dict[str, str], entries: Entries, documents: dict[str, str]
) -> Iterator[str]:
    """Fill `entries` by number, and `documents` by subject, with what their sealed facts say."""
    for fact in lines_of(folder / "chaine/faits.jsonl"):
        name = fact["subject"]
        if name not in sealed:
            yield f"{name} : aucun événement ne l'a scellé"
        elif sha256(fact["content"].encode()) != sealed[name]:
            yield f"{name} : modifié depuis son scellement"
        content = json.loads(fact["content"])
        if name.startswith("billing.journalentry:"):
            sums = [(row["account"], Decimal(row["debit"]), Decimal(row["credit"])) for row in content["lines"]]
            entries[content["entry"]["number"]] = sorted(sums)
        elif name.startswith("billing.invoicedocument:"):
            documents[name] = content["sha256"]


def check_documents(manifest: Any, documents: dict[str, str]) -> Iterator[str]:
    given = {row["subject"]: row["sha256"] for row in manifest["files"] if row.get("subject")}
    missing = {row["subject"] for row in manifest["missing"]}
    for name, digest in documents.items():
        if name not in missing and given.get(name) != digest:
            yield f"{name} : son fichier n'est pas celui qui a été scellé"


def check_fec(folder: pathlib.Path, manifest: Any, entries: Entries) -> Iterator[str]:
    found: Entries = {}
    with (folder / manifest["fec"]).open(encoding="utf-8", newline="") as file:
        head = next(file).rstrip("\r\n").split("\t")
        for line in file:
            row = dict(zip(head, line.rstrip("\r\n").split("\t"), strict=False))
            amounts = [Decimal(row[side].replace(",", ".")) for side in ("Debit", "Credit")]
            found.setdefault(row["EcritureNum"], []).append((row["CompteNum"], *amounts))
    for number in sorted(found.keys() | entries.keys()):
        if sorted(found.get(number, [])) != entries.get(number):
            yield f"FEC, écriture {number} : elle n'est pas celle qui a été scellée"


def check(folder: pathlib.Path) -> Iterator[str]:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    sealed: dict[str, str] = {}
    entries: Entries = {}
    documents: dict[str, str] = {}
    yield from check_files(folder, manifest)
    yield from check_chain(folder, manifest, sealed)
    yield from check_facts(folder, sealed, entries, documents)
    yield from check_documents(manifest, documents)
    yield from check_fec(folder, manifest, entries)
    tell(f"{manifest['company']} ({manifest['siren']}), exercice du {manifest['from']} au {manifest['to']}")
    tell(f"{manifest['chain']['length']} événements, {len(entries)} écritures, {len(documents)} fichiers scellés")
    tell(f"tête de chaîne : {manifest['chain']['head']}")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        problems = list(check(pathlib.Path(sys.argv[1])))
    except (OSError, ValueError, KeyError, ArithmeticError, StopIteration) as error:
        problems = [f"dossier illisible : {error!r}"]
    for problem in problems:
        tell(f"  ✗ {problem}")
    tell("INTACT" if not problems else f"{len(problems)} anomalie(s)")
    sys.exit(1 if problems else 0)


main()
