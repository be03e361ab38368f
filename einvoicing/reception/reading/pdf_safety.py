"""What makes a PDF unfit to be opened: a password, programs inside it, too many pages, pictures beyond measure."""

from __future__ import annotations

import io

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from einvoicing.reception.reading.recognise import Refused

MAX_PAGES = 200
MAX_OBJECTS = 200_000
MAX_PIXELS = 120_000_000  # an A0 at 300 dpi
MAX_SIDE = 14_400  # points, the longest page of ISO 32000
_PROGRAMS = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/RichMediaExecute"}
_EMBEDDED = {"/RichMedia", "/Movie", "/Sound", "/3D", "/Screen"}
_BROKEN = (pikepdf.PdfError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)


def page_count(data: bytes) -> int:
    """How many pages, once nothing dangerous was found. Raises Refused."""
    try:
        with Pdf.open(io.BytesIO(data)) as document:
            if len(document.objects) > MAX_OBJECTS:
                raise Refused("Le PDF contient trop d’objets : il est peut-être piégé.")
            count = len(document.pages)
            if count > MAX_PAGES:
                raise Refused("Le PDF a %(count)d pages : %(most)d au plus sont lues.", count=count, most=MAX_PAGES)
            if not count:
                raise Refused("Le PDF n’a aucune page.")
            _refuse_programs(document)
            return count
    except pikepdf.PasswordError as error:
        raise Refused("Le PDF est protégé par un mot de passe : demandez-en une copie sans protection.") from error
    except _BROKEN as error:
        raise Refused("Le PDF est abîmé : demandez-en une autre copie.") from error


def _refuse_programs(document: Pdf) -> None:
    names = document.Root.get("/Names", Dictionary())
    if "/JavaScript" in names or "/XFA" in document.Root.get("/AcroForm", Dictionary()):
        raise Refused("Le PDF contient un programme (JavaScript ou formulaire XFA) : il n’est pas ouvert.")
    for item in document.objects:
        if isinstance(item, Stream):
            _check(item.stream_dict)
            _check_picture(item.stream_dict)
        elif isinstance(item, Dictionary):
            _check(item)


def _check(item: Object) -> None:
    for dictionary in (item, *_nested(item)):
        action, subtype = str(dictionary.get("/S", "")), str(dictionary.get("/Subtype", ""))
        if action in _PROGRAMS or "/JS" in dictionary:
            raise Refused(
                "Le PDF contient un programme (%(name)s) : il n’est pas ouvert.", name=action.lstrip("/") or "JS"
            )
        if dictionary.get("/Type") == Name.Annot and subtype in _EMBEDDED:
            raise Refused(
                "Le PDF contient un contenu actif (%(name)s) : il n’est pas ouvert.", name=subtype.lstrip("/")
            )


def _nested(item: Object) -> list[Dictionary]:
    """Actions written inside their owner rather than as objects of their own."""
    found = []
    for key in ("/A", "/AA", "/OpenAction", "/PA"):
        inner = item.get(key)
        if isinstance(inner, Dictionary):
            found += [inner, *(value for _name, value in inner.items() if isinstance(value, Dictionary))]
        elif isinstance(inner, Array):
            found += [value for value in inner if isinstance(value, Dictionary)]
    return found


def _check_picture(item: Object) -> None:
    if item.get("/Subtype") == Name.Image:
        width, height = int(item.get("/Width", 0)), int(item.get("/Height", 0))
        if width * height > MAX_PIXELS:
            raise Refused("Le PDF contient une image démesurée (%(width)d × %(height)d).", width=width, height=height)
