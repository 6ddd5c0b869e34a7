"""What the database alone can do: pgbench runs the very statements of a page or a booking, without us around them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from server.bookings.nearby import statement_of
from server.bookings.nearby_schemas import Search
from server.bookings.service import BOOK
from server.db.embedded import BIN
from server.kit.geo import Point
from server.notices.service import INSERT_SERIES
from server.people.actors import VISITOR
from server.people.queries import SESSION, TOUCH
from tests.bench.world import HOT_SLOTS, WIDE_SLOTS

PLACE = Point(22.8170, 108.3665)
# The same positions that the clients of HTTP ask for: Guangxi and Guangdong.
POSITION = "\\set lat random(220000, 240000) / 10000.0\n\\set lng random(1070000, 1140000) / 10000.0\n"
TURN = "\\set turn :turn + 1\n\\set n :first + :client_id * :each + :turn\n"


def near() -> str:
    """Stations near a random position, the statement of the first page."""
    statement, values = statement_of(Search(PLACE), VISITOR)
    given = [literal(value) for value in values]
    given[:2] = [":lat", ":lng"]
    place_at = [n for n, value in enumerate(values) if n > 1 and value in (PLACE.lat, PLACE.lng)]
    for n in place_at:
        given[n] = ":lat" if values[n] == PLACE.lat else ":lng"
    return POSITION + filled(statement, given) + ";\n"


def book(*, hot: bool) -> str:
    """One booking: who asks, that somebody did, then the place, the booking, its history and its messages in one
    transaction.
    """
    slot = "0" if hot else f"random({HOT_SLOTS}, {HOT_SLOTS + WIDE_SLOTS - 1})"
    session_id = "encode(sha256(('bench-session-' || :n)::bytea), 'hex')"
    session = filled(SESSION, [session_id, "now()", "now() - interval '2 hours'"])
    # As of any session that was not seen for five minutes: nobody books twice here.
    touched = filled(TOUCH, [session_id, "now()", "now() + interval '90 days'"])
    person = "md5('person ' || :n)::uuid"
    code, key = "'G' || lpad(:n::text, 7, '0')", "md5(random()::text)"
    made = filled(
        BOOK,
        ["md5('slot ' || :slot)::uuid", "now()", "true", "uuidv7()", code, person, "interval '10 minutes'", key,
         "uuidv7()"],
    )  # fmt: skip
    params = '\'{"station":"s","service":"haircut","starts_at":"2026-01-01T00:00:00Z","code":"ABCD2345"}\''
    three = {
        "ids": "ARRAY[uuidv7(), uuidv7(), uuidv7()]",
        "kinds": "ARRAY['booking_confirmed', 'reminder_evening', 'reminder_hour']",
        "push": "ARRAY[true, true, true]",
        "due": "ARRAY[now(), now() + interval '1 day', now() + interval '2 days']",
    }
    told = filled(
        INSERT_SERIES,
        [person, ":m_station_id::uuid", ":m_id::uuid", params, "now()", three["ids"], three["kinds"], three["push"],
         three["due"], three["due"]],
    )  # fmt: skip
    return f"{TURN}\\set slot {slot}\n{session};\n{touched};\nBEGIN;\n{made} \\gset m_\n{told};\nCOMMIT;\n"


def run(
    url: str, script: str, *, clients: int, seconds: int, variables: Mapping[str, int] | None = None
) -> tuple[float, float]:
    """Transactions a second and milliseconds on average. Raises where a transaction failed."""
    parts = urlsplit(url)
    host = unquote(parse_qs(parts.query)["host"][0])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.sql")
        file.write_text(script, "utf-8")
        command: list[str | Path] = [BIN / "pgbench", "-h", host, "-U", "postgres", "-n", "-M", "prepared", "-f", file]
        command += ["-c", str(clients), "-j", "2", "-T", str(seconds)]
        command += [f"-D{name}={value}" for name, value in (variables or {}).items()]
        done = subprocess.run([*command, parts.path[1:]], capture_output=True, text=True, check=False)
    found = re.search(r"latency average = ([\d.]+) ms.*tps = ([\d.]+)", done.stdout, re.DOTALL)
    failed = re.search(r"number of failed transactions: ([1-9]\d*)", done.stdout)
    if done.returncode or not found or failed:
        raise RuntimeError(done.stderr[-2000:] + done.stdout[-500:])
    return float(found[2]), float(found[1])


def filled(statement: str, values: Sequence[str]) -> str:
    """A statement with its parameters written in."""
    one_line = " ".join(statement.split())
    return re.sub(r"\$(\d+)", lambda found: values[int(found[1]) - 1], one_line)


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'::timestamptz"
    if isinstance(value, date):
        return f"'{value.isoformat()}'::date"
    if isinstance(value, list):
        return "'{" + ",".join(map(str, value)) + "}'::text[]"
    if isinstance(value, (str, UUID)):
        return "'" + str(value).replace("'", "''") + "'"
    return repr(value)
