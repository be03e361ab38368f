"""What an invoice says, invented from a seed."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

CENT = Decimal("0.01")
FORMS = ("SARL", "SAS", "SASU", "EURL", "SA", "SNC", "SCOP", "SAS", "SARL")
TRADES = (
    "Menuiserie", "Plomberie", "Imprimerie", "Garage", "Électricité", "Transports", "Boulangerie", "Nettoyage",
    "Serrurerie",
    "Ateliers", "Maison", "Établissements", "Comptoir", "Fournitures", "Papeterie", "Maçonnerie", "Couverture",
    "Peinture",
)  # fmt: skip
SURNAMES = (
    "Bellec", "Moreau", "Girard", "Lefèvre", "Chevalier", "Rousseau", "Perrin", "Barbier", "Fontaine", "Guérin",
    "Masson",
    "Le Goff", "Carpentier", "Dumas", "Noël", "Vasseur", "Aubry", "Poulain", "Régnier", "Hervé", "Collet", "Tanguy",
    "Maillard",
)  # fmt: skip
INVENTED = (
    "Numeria", "Altiplan", "Bureo Services", "Solvéa", "Kapteo Conseil", "Novatek", "Hexalog", "Printéa", "Agrivert",
    "Optimum Conseil", "Lumensys", "Datavia", "Ecoforge", "Mobilis Ouest", "Atlantic Emballages", "Sud Logistique",
    "Alpes Énergie",
    "Horizon Formation", "Quadrature", "Téléo Réseaux",
)  # fmt: skip
STREETS = (
    "rue de la République", "avenue Jean Jaurès", "boulevard Victor Hugo", "rue des Lilas", "chemin du Moulin",
    "place du Marché",
    "impasse des Cerisiers", "rue Pasteur", "quai de la Loire", "allée des Érables", "route de Bordeaux",
    "Z.A. des Quatre Vents",
)  # fmt: skip
CITIES = (
    ("75011", "Paris"), ("69003", "Lyon"), ("44000", "Nantes"), ("35000", "Rennes"), ("33000", "Bordeaux"),
    ("59800", "Lille"),
    ("67000", "Strasbourg"), ("31000", "Toulouse"), ("29200", "Brest"), ("38000", "Grenoble"), ("21000", "Dijon"),
    ("76600", "Le Havre"),
)  # fmt: skip
GOODS = (
    "Ramette papier A4 80 g", "Cartouche d’encre noire", "Prestation de conseil", "Heure de main-d’œuvre",
    "Câble réseau cat. 6",
    "Abonnement mensuel", "Nettoyage des locaux", "Fauteuil de bureau", "Peinture blanche mate 10 L",
    "Vis inox 4x40 (boîte de 200)",
    "Livraison express", "Formation une journée", "Hébergement web", "Pneu 205/55 R16", "Vidange moteur",
    "Plaque de plâtre BA13",
    "Disjoncteur 16 A", "Café en grains 1 kg", "Traiteur – plateau repas", "Maintenance annuelle",
    "Location véhicule utilitaire",
)  # fmt: skip
RATES = (
    ((Decimal(20),), 0.62), ((Decimal(20), Decimal("5.5")), 0.1), ((Decimal(20), Decimal(10)), 0.1),
    ((Decimal(10),), 0.06),
    ((Decimal("5.5"),), 0.03), ((Decimal(20), Decimal(10), Decimal("5.5")), 0.04), ((), 0.05),
)  # fmt: skip


@dataclass
class Party:
    name: str
    siren: str
    street: str
    postcode: str
    city: str
    nic: str = "00012"
    iban: str = ""

    @property
    def vat(self) -> str:
        return f"FR{(12 + 3 * (int(self.siren) % 97)) % 97:02}{self.siren}"

    @property
    def siret(self) -> str:
        return self.siren + self.nic


@dataclass
class Item:
    name: str
    quantity: Decimal
    price: Decimal
    rate: Decimal

    @property
    def net(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass
class Facts:
    seed: int
    supplier: Party
    buyer: Party
    number: str
    is_credit: bool
    issued: date
    due: date | None
    order: str
    items: list[Item]
    rows: list[tuple[Decimal, Decimal, Decimal]]
    printed: set[str] = field(default_factory=set)  # what the layout shows of the rest

    @property
    def net(self) -> Decimal:
        return sum((base for _rate, base, _vat in self.rows), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        return sum((vat for _rate, _base, vat in self.rows), Decimal("0.00"))

    @property
    def gross(self) -> Decimal:
        return self.net + self.vat


def invent(seed: int) -> Facts:
    chance = random.Random(seed)
    supplier, buyer = _party(chance), _party(chance)
    supplier.iban = _iban(chance)
    issued = date(2025, 1, 2) + timedelta(days=chance.randrange(700))
    rates = chance.choices([rates for rates, _ in RATES], [weight for _, weight in RATES])[0]
    items = [_item(chance, rates, place) for place in range(max(chance.choice((1, 1, 2, 3, 4, 5, 7, 9)), len(rates)))]
    return Facts(
        seed=seed,
        supplier=supplier,
        buyer=buyer,
        number=_number(chance, issued),
        is_credit=chance.random() < 0.07,
        issued=issued,
        due=issued + timedelta(days=chance.choice((0, 8, 15, 30, 30, 30, 45, 60))) if chance.random() < 0.8 else None,
        order=_order(chance) if chance.random() < 0.5 else "",
        items=items,
        rows=_rows(items),
    )


def _rows(items: list[Item]) -> list[tuple[Decimal, Decimal, Decimal]]:
    bases: dict[Decimal, Decimal] = {}
    for item in items:
        bases[item.rate] = bases.get(item.rate, Decimal("0.00")) + item.net
    return [
        (rate, base, (base * rate / 100).quantize(CENT, ROUND_HALF_UP))
        for rate, base in sorted(bases.items(), reverse=True)
    ]


def _item(chance: random.Random, rates: tuple[Decimal, ...], place: int) -> Item:
    rate = (rates[place] if place < len(rates) else chance.choice(rates)) if rates else Decimal(0)
    price = Decimal(chance.choice((chance.randrange(150, 9900), chance.randrange(1000, 250000)))) / 100
    return Item(
        chance.choice(GOODS), Decimal(chance.choice((1, 1, 1, 2, 3, 4, 5, 10, 12, 25))), price.quantize(CENT), rate
    )


def _party(chance: random.Random) -> Party:
    kind = chance.random()
    if kind < 0.5:
        name = f"{chance.choice(TRADES)} {chance.choice(SURNAMES)}"
    elif kind < 0.85:
        name = chance.choice(INVENTED)
    else:
        name = f"{chance.choice(SURNAMES)} & {chance.choice(('Fils', 'Associés', 'Frères', chance.choice(SURNAMES)))}"
    form = chance.random()
    if form < 0.45:
        name = f"{name} {chance.choice(FORMS)}"
    elif form < 0.65:
        name = f"{chance.choice(FORMS)} {name}"
    if chance.random() < 0.3:
        name = name.upper()
    digits = "".join(chance.choice(string.digits) for _ in range(7))
    digits = chance.choice("345789") + digits
    siren = digits + luhn.calc_check_digit(digits)
    nic = f"{chance.choice((1, 1, 2, 3, 4)):04}"
    nic += luhn.calc_check_digit(siren + nic)
    postcode, city = chance.choice(CITIES)
    return Party(name, siren, f"{chance.randrange(1, 180)} {chance.choice(STREETS)}", postcode, city, nic)


def _iban(chance: random.Random) -> str:
    account = f"{chance.choice(('30004', '30002', '10278', '14445', '20041', '16958'))}{chance.randrange(10**5):05}"
    account += "".join(chance.choice(string.digits) for _ in range(11))
    letters = account
    key = 97 - (89 * int(account[:5]) + 15 * int(account[5:10]) + 3 * int(account[10:])) % 97
    letters += f"{key:02}"
    return f"FR{98 - mod_97_10.checksum(letters + 'FR00'):02}{letters}"


def _number(chance: random.Random, issued: date) -> str:
    count = chance.randrange(1, 9000)
    return chance.choice(
        (
            f"FA{issued:%y}{count:05}", f"F-{issued:%Y}-{count:04}", f"{issued:%Y}-{count:04}", f"{count + 100000}",
            f"FC{count:06}",
            f"{issued:%Y%m}-{count:03}", f"INV-{count:05}", f"FAC/{issued:%Y}/{count:04}", f"{issued:%y}{count:05}",
            f"FV{issued:%y%m}.{count:04}", f"{count:04}-{issued:%y}", f"VTE{count:07}", f"F{issued:%Y}_{count:04}",
        )
    )  # fmt: skip


def _order(chance: random.Random) -> str:
    count = chance.randrange(100, 99999)
    return chance.choice(
        (
            f"BC{count:06}",
            f"CDE-{count}",
            f"{4500000000 + count}",
            f"PO-{count:05}",
            f"C{count:05}",
            f"CMD/2026/{count}",
        )
    )
