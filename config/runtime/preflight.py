"""What must hold before serving: one server per tree, free ports, a database that answers. One clear line when not."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import socket
from pathlib import Path
from typing import Any, TextIO

import environ
import psycopg

CONNECT_SECONDS = 5


class Refused(SystemExit):
    """Ends the program with one line and exit code 1."""


def claim(lock: Path, address: str) -> TextIO:
    """Be the only server of this tree until this process ends, however it ends. Raises Refused."""
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # `a+` does not truncate: until the lock is ours the file tells who holds it
    claimed = lock.open("a+", encoding="utf-8")
    try:
        fcntl.flock(claimed, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as held:
        claimed.seek(0)
        other = {"pid": "?", "address": "?"}
        with contextlib.suppress(ValueError):
            other |= json.load(claimed)
        claimed.close()
        text = f"Quittance est déjà lancé dans ce répertoire : {other['address']} (processus {other['pid']})."
        raise Refused(text) from held
    claimed.truncate(0)
    json.dump({"pid": os.getpid(), "address": address}, claimed)
    claimed.flush()
    return claimed


def check_port(host: str, port: int, variable: str) -> None:
    """Raises Refused, naming who holds the port and the variable that chooses another."""
    if not 0 < port < 65536:
        raise Refused(f"{variable}={port} n’est pas un numéro de port.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        # connections of the server that has just stopped may linger (TIME_WAIT): they do not hold the port
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except PermissionError as refused:
            raise Refused(
                f"Le port {port} est réservé au système : choisissez-en un autre par {variable}."
            ) from refused
        except OSError as taken:
            owner = _listening(port)
            by = f" par {owner}" if owner else ""
            text = f"Le port {port} est déjà pris{by} : arrêtez-le, ou choisissez-en un autre par {variable}."
            raise Refused(text) from taken


def _listening(port: int) -> str:
    """`name (process 123)` of the process that listens, when this user may see it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                # 0A is LISTEN; the port stands in hexadecimal behind the colon
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(str(opened.readlink()) in inodes for opened in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (processus {process.name})"
    return ""


def check_database(url: str) -> None:
    """Connect once. Raises Refused with the server's reason; the password is never shown."""
    found = environ.Env.db_url_config(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    settings: dict[str, Any] = {name: str(found[key]) for name, key in names.items() if found.get(key)}
    settings |= {name: str(value) for name, value in found.get("OPTIONS", {}).items() if name in ("host", "sslmode")}
    try:
        psycopg.connect(**settings, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError as failure:
        place = re.sub(r"(?<=:)[^:@/]*(?=@)", "…", url)
        reason = " ".join(str(failure).split())
        text = f"La base de données de DATABASE_URL ({place}) est injoignable : {reason}"
        raise Refused(text) from failure
