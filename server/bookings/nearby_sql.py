"""The one statement behind every list of stations: who is near, when open, what is bookable next.

A search is tried in ways that grow more generous (*branches*): as written, as it sounds, nearly so, then
outside the district. The statement holds all of them; each runs only where the ones before found nothing.
Every branch that is ordered by distance walks the GiST index `station_position` outwards from the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NAMES = ("b0", "b1", "b2", "b3")
EMPTY = tuple(" AND NOT EXISTS (SELECT FROM " + name + ")" for name in NAMES)
RUNS = 3  # how many words of a query are looked for

# All parameters, typed; a branch uses what it needs.
GIVEN = """
given AS (SELECT $1::float8, $2::float8, $3::int, $4::int, $5::text[], $6::text[], $7::text[], $8::date,
  $9::int, $10::int, $11::timestamptz, $12::boolean, $13::text, $14::text, $15::text, $16::text, $17::text,
  $18::text, $19::text, $20::text, $21::float8, $22::float8, $23::uuid, $24::int, $25::int, $26::date)
"""
FAR = "(ll_to_earth(s.lat, s.lng) <-> ll_to_earth($1, $2))"
NOWHERE = "0::float8"

IN_REGION = " AND s.region_code BETWEEN $3 AND $4"
OF_KIND = " AND s.kind = ANY($5)"
WITH_FACILITIES = " AND s.facilities @> $6"
WITH_SERVICE = """
 AND EXISTS (SELECT FROM offering o WHERE o.station_id = s.id AND o.active AND o.service = ANY($7))"""
OPEN_NOW = """
 AND $8 BETWEEN coalesce(s.season_from, $8) AND coalesce(s.season_until, $8)
 AND EXISTS (
   SELECT FROM jsonb_array_elements(coalesce(
     (SELECT d.hours FROM station_day d WHERE d.station_id = s.id AND d.day = $8), s.hours -> $9)) AS span
   WHERE (span ->> 0)::int <= $10 AND $10 < (span ->> 1)::int)"""
# At night the nearest open door may be nowhere: not worth walking the whole country for.
WITHIN_REACH = " LIMIT 3000"
WRITTEN = (" AND s.search_text LIKE $13", " AND s.search_text LIKE $14", " AND s.search_text LIKE $15")
HEARD = (" AND s.search_text LIKE $16", " AND s.search_text LIKE $17", " AND s.search_text LIKE $18")
ALIKE = " AND ($19 <% s.search_text OR $20 <% s.search_text)"
LIKENESS = "(1 - greatest(word_similarity($19, s.search_text), word_similarity($20, s.search_text)))::float8"
# What a door bears as it was written is not misspelled: nobody wants a guess instead.
NOBODY_IS_CALLED_SO = " AND (SELECT s.id FROM station s WHERE s.retired_at IS NULL{} ORDER BY s.id LIMIT 1) IS NULL"
# Reading a text letter by letter is slow: so many candidates are enough to find the best twenty among.
CANDIDATES = " LIMIT 300"

SERVICES = """
(SELECT coalesce(json_agg(line), '[]') FROM (
  SELECT o.id, o.service, o.minutes, o.capacity, o.eligibility, o.auto_confirm, o.general_days, o.bring,
    o.provider, n.starts_at, n.places,
    $12 OR o.eligibility = 'everybody' OR (o.eligibility = 'members_first' AND (n.starts_at IS NULL
      OR n.starts_at < ($8 + o.general_days + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')) AS for_me
  FROM offering o
  LEFT JOIN LATERAL (
    SELECT t.starts_at, t.capacity - t.taken AS places FROM slot t
    WHERE t.offering_id = o.id AND NOT t.closed AND t.taken < t.capacity
      AND t.starts_at >= $11 + make_interval(mins => o.notice_minutes)
    ORDER BY t.starts_at LIMIT 1) n ON true
  WHERE o.station_id = s.id AND o.active
  ORDER BY o.service = ANY($7) DESC NULLS LAST, n.starts_at NULLS LAST, o.service, o.id LIMIT $25) line)
"""
DAYS = """
(SELECT coalesce(json_agg(json_build_object('day', d.day, 'hours', d.hours, 'reason', d.reason)), '[]')
  FROM station_day d WHERE d.station_id = s.id AND d.day BETWEEN $8 AND $26)
"""
# The card as text: whoever has drawn the same text before need not read it again.
CARDS = f"""
SELECT f.branch, f.rank, f.far, s.id, s.lat, s.lng, (SELECT row_to_json(card)::text FROM (
  SELECT s.id, s.kind, s.name, s.region_code, s.address, s.landmark, s.phone, s.lat, s.lng, s.hours, s.facilities,
    s.unattended, s.season_from, s.season_until, s.demo, s.retired_at, s.version, s.updated_at, s.parent_id,
    {DAYS} AS days, {SERVICES} AS services) card) AS written
FROM found f JOIN station s ON s.id = f.id
ORDER BY f.branch, f.rank, f.far, s.id
"""
BY_ID = f"""
WITH {GIVEN}, found AS (SELECT 0 AS branch, 0::float8 AS rank, 0::float8 AS far, $23::uuid AS id)
{CARDS}
"""

Way = Literal["all", "written", "heard", "alike"]


@dataclass(frozen=True)
class Branch:
    """One way to look: how the text must match, and whether the district bounds it."""

    way: Way = "all"
    bounded: bool = False


@dataclass(frozen=True)
class Shape:
    """Which conditions a search has; statements differ by this alone.

    With `limit` written into it, PostgreSQL plans a statement once for all who ask. With 0 it is a value, and each
    search is planned anew: a text must be, since how many doors bear a word decides where to look first.
    """

    branches: tuple[Branch, ...]
    placed: bool
    runs: int = 0
    kinds: bool = False
    facilities: bool = False
    services: bool = False
    open_now: bool = False
    first_branch: int = 0
    continued: bool = False
    limit: int = 0

    @property
    def filtered(self) -> bool:
        """Whether more than a name and a place is asked for."""
        return self.kinds or self.facilities or self.services or self.open_now


def build(shape: Shape) -> str:
    """The statement of a search; values are `$1` … `$26`, see GIVEN."""
    numbers = [shape.first_branch] if shape.continued else list(range(len(shape.branches)))
    parts = [GIVEN]
    parts += [NAMES[n] + " AS (" + _branch(shape, n, before=n - numbers[0]) + ")" for n in numbers]
    every = " UNION ALL ".join("SELECT " + str(n) + ", * FROM " + NAMES[n] for n in numbers)
    parts.append("found (branch, id, rank, far) AS (" + every + ")")
    return "WITH " + ", ".join(parts) + CARDS


def _branch(shape: Shape, number: int, *, before: int) -> str:
    branch = shape.branches[number]
    far = FAR if shape.placed else NOWHERE
    order = far + ", s.id" if shape.placed else "s.id"
    where = " WHERE s.retired_at IS NULL" + _conditions(shape, branch) + "".join(EMPTY[:before])
    source = " FROM station s" + where
    limit = " LIMIT " + (str(shape.limit) if shape.limit else "$24")
    if shape.open_now:
        nearest = "(SELECT s.*, " + far + " AS far" + source + " ORDER BY " + order + WITHIN_REACH + ")"
        source = " FROM " + nearest + " s WHERE true" + OPEN_NOW
        far, order = "s.far", "s.far, s.id"
    if branch.way == "alike":
        body = "SELECT * FROM (SELECT s.id, " + LIKENESS + " AS rank, " + far + " AS far" + source + CANDIDATES
        body += ") near" + (" WHERE (rank, far, id) > ($21, $22, $23)" if shape.continued else "")
        return body + " ORDER BY rank, far, id" + limit
    body = "SELECT s.id, 0::float8 AS rank, " + far + " AS far" + source
    body += " AND (" + far + ", s.id) > ($22, $23)" if shape.continued else ""
    return body + " ORDER BY " + order + limit


def _conditions(shape: Shape, branch: Branch) -> str:
    written, heard = WRITTEN[: shape.runs], HEARD[: shape.runs]
    alike = (ALIKE, NOBODY_IS_CALLED_SO.format("".join(written)))
    text = {"all": (), "written": written, "heard": heard, "alike": alike}
    chosen = [
        (branch.bounded, IN_REGION),
        (shape.kinds, OF_KIND),
        (shape.facilities, WITH_FACILITIES),
        (shape.services, WITH_SERVICE),
        *((True, condition) for condition in text[branch.way]),
    ]
    return "".join(condition for wanted, condition in chosen if wanted)
