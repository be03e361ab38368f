"""The tags of an OFX file as a tree, whether every element is closed (XML) or only those that hold others (SGML).

Both are read by one small scanner, which knows no entity but those of HTML's five signs and no declaration: nothing in
the file can make it read another file or grow. A leaf is an element with a text; it ends where the next tag begins.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from payments.statements.base import InvalidStatement, with_doctype
from payments.statements.texts import decoded

TAG = re.compile(r"[A-Za-z/!?]")
OFX = re.compile(r"<OFX\b", re.IGNORECASE)
DOCTYPE = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
CHARSET = re.compile(r"^\s*CHARSET\s*[:=]\s*\"?([\w-]+)", re.MULTILINE | re.IGNORECASE)
ENCODING = re.compile(r"^\s*ENCODING\s*[:=]\s*\"?(UTF-?8|UNICODE)", re.MULTILINE | re.IGNORECASE)
NAME = re.compile(r"[A-Za-z][\w.:-]*")
XML_ENCODING = re.compile(r"<\?xml[^>]*encoding=[\"']([\w-]+)", re.IGNORECASE)
NAMES = {
    "1252": "cp1252",
    "8859-1": "latin-1",
    "ISO-8859-1": "latin-1",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE": "utf-8",
}
DEEPEST = 40
LONGEST_TEXT = 50_000
# these hold a text and no element: one that is empty, and left open as SGML may, ends at the next tag
LEAVES = frozenset(
    ("TRNTYPE", "DTPOSTED", "DTUSER", "DTAVAIL", "TRNAMT", "FITID", "NAME", "EXTDNAME", "MEMO", "CHECKNUM", "REFNUM",
     "SIC", "PAYEEID", "ACCTID", "BANKID", "BRANCHID", "ACCTTYPE", "ACCTKEY", "CURDEF", "CURSYM", "CURRATE", "DTSTART",
     "DTEND", "BALAMT", "DTASOF", "LANGUAGE", "TRNUID", "CODE", "SEVERITY", "MESSAGE", "DTSERVER", "ORG", "FID")
)  # fmt: skip


@dataclass(slots=True)
class Node:
    """One element: its text when it is a leaf, its children when it is not."""

    name: str
    place: int  # the line of the file, from 1
    value: str = ""
    children: list[Node] = field(default_factory=list)

    def first(self, name: str) -> Node | None:
        """The first element of that name below."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        """The text of the child of that name, on one line."""
        found = next((child for child in self.children if child.name == name), None)
        return " ".join(found.value.split()) if found is not None else ""

    def all(self, name: str) -> Iterator[Node]:
        """Every element of that name below, the outermost ones."""
        for child in self.children:
            if child.name == name:
                yield child
            elif child.children:
                yield from child.all(name)


def parse(data: bytes) -> Node:
    """What holds the OFX elements of the file. Raises InvalidStatement."""
    text = decoded(data, _stated(data))
    root, place, end = Node("", 1), 1, 0
    while (start := OFX.search(text, end)) is not None:
        if DOCTYPE.search(text, end, start.start()):
            raise with_doctype()
        place += text.count("\n", end, start.start())
        end, place = _Scan(text, start.start(), place).read(root)
    if not root.children:
        raise _cut(1)
    return root


def _stated(data: bytes) -> str:
    """The encoding that the header names; those that say nothing, or ASCII, are left to the bytes."""
    head = data[:2_000].decode("latin-1")
    found = [match[1].upper() for pattern in (XML_ENCODING, ENCODING, CHARSET) for match in pattern.finditer(head)]
    return next((NAMES.get(name, name) for name in found if name not in ("NONE", "USASCII", "US-ASCII")), "")


def _cut(place: int) -> InvalidStatement:
    return InvalidStatement(
        "Ligne %(line)s : le fichier OFX est coupé ou abîmé. Téléchargez-le de nouveau, sans l’ouvrir dans un tableur.",
        line=place,
    )


class _Scan:
    """One OFX element, from its opening tag to its closing one."""

    def __init__(self, text: str, start: int, place: int) -> None:
        self.text, self.position, self.place = text, start, place
        self.opened: list[Node] = []

    def read(self, root: Node) -> tuple[int, int]:
        """Hang the element on `root`: where it ends, and on which line. Raises InvalidStatement."""
        self.opened = [root]
        while True:
            begin = self.text.find("<", self.position)
            if begin < 0:
                raise _cut(self.place)
            self._take_text(self._move(begin))
            if self.text.startswith("<![CDATA[", begin):
                self.opened[-1].value += self._move(self._find("]]>", begin) + 3)[9:-3]
            elif self.text.startswith("<!--", begin):
                self._move(self._find("-->", begin) + 3)
            elif not TAG.match(self.text, begin + 1):
                # a sign of less in a text
                self._take_text(self._move(begin + 1))
            else:
                self._take_tag(self._move(self._find(">", begin) + 1)[1:-1])
                if len(self.opened) == 1:
                    return self.position, self.place

    def _find(self, sign: str, begin: int) -> int:
        found = self.text.find(sign, begin)
        if found < 0:
            raise _cut(self.place)
        return found

    def _move(self, end: int) -> str:
        """What stands between here and `end`, where the scan goes on."""
        passed = self.text[self.position : end]
        self.place += passed.count("\n")
        self.position = end
        return passed

    def _take_text(self, passed: str) -> None:
        """What stands between two tags belongs to the leaf that was opened last. Raises InvalidStatement."""
        if passed.strip() and len(self.opened) > 1:
            self.opened[-1].value += html.unescape(passed)
            if len(self.opened[-1].value) > LONGEST_TEXT:
                raise _cut(self.place)

    def _take_tag(self, tag: str) -> None:
        """Raises InvalidStatement."""
        if tag.startswith(("!", "?")):
            return
        name = NAME.match(tag.lstrip("/"))
        if name is None or "<" in tag:
            raise _cut(self.place)
        if tag.startswith("/"):
            self._close(name[0].upper())
            return
        last = self.opened[-1]
        # an element with a text is a leaf: SGML leaves it open
        if len(self.opened) > 1 and (last.name in LEAVES or last.value.strip()):
            self.opened.pop()
        node = Node(sys.intern(name[0].upper()), self.place)
        self.opened[-1].children.append(node)
        if not tag.endswith("/"):
            self.opened.append(node)
        if len(self.opened) > DEEPEST:
            raise _cut(self.place)

    def _close(self, name: str) -> None:
        """Close the element of that name and the leaves left open in it. Raises InvalidStatement."""
        for depth in range(len(self.opened) - 1, 0, -1):
            if self.opened[depth].name == name:
                del self.opened[depth:]
                return
            if self.opened[depth].children:
                break
        raise _cut(self.place)
