"""The tree of unions is kept: made, renamed, moved, closed, opened again.

Officers keep the unions of their region; reviewers those below their own union, which is itself kept from above.
Whoever moves a union, or gives it another place, needs the right at both ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from server.audit import service as audit
from server.db import sql
from server.errors import Forbidden, NotFound
from server.kit import clock
from server.kit.geo import Point
from server.kit.ids import new_code, new_id
from server.kit.text import clean
from server.membership.errors import (
    PlaceUnknown,
    UnionGone,
    UnionHasPeople,
    UnionKindWrong,
    UnionLoop,
    UnionNameNeeded,
    UnionNameTaken,
)
from server.membership.models import Union, UnionKind
from server.membership.unions import CODE_CHARS, UnionView, view_of
from server.people.actors import Actor
from server.people.models import Role
from server.stations.divisions import find_place
from server.stations.naming import search_words

LONGEST_NAME = 100
MOST_TARGET = 100_000_000
ONE_AT_A_TIME = 0x756E696F6E730000  # any number that nothing else locks


class UnionFacts(msgspec.Struct, frozen=True):
    """What is said about a union; without a position it stands in the middle of its division."""

    name: str
    kind: UnionKind
    region_code: int
    point: Point | None = None
    target: int = 0


def may_keep(actor: Actor, lineage: Sequence[UUID], region_code: int) -> bool:
    """Whether somebody keeps what lies at or below the union with this lineage, in this region."""
    return actor.may(Role.OFFICER, region_code=region_code) or actor.may(
        Role.REVIEWER, lineage=lineage, region_code=region_code
    )


def may_change(actor: Actor, union: UnionView) -> bool:
    """Whether somebody keeps this union: reviewers do from above."""
    return actor.kind == "system" or may_keep(actor, union.lineage[:-1], union.region_code)


def may_add_below(actor: Actor, union: UnionView) -> bool:
    return actor.kind == "system" or may_keep(actor, union.lineage, union.region_code)


async def create_union(
    *,
    actor: Actor,
    facts: UnionFacts,
    parent_id: UUID | None = None,
    code: str = "",
    demo: bool = False,
) -> UUID:
    """A new union below another one, or a federation below none.

    Raises Forbidden, NotFound for an unknown parent, UnionGone for a closed one, and what `_checked` raises.
    """
    async with sql.transaction():
        await _take_turns()
        parent = await _parent(parent_id)
        _require_place(actor, parent, facts.region_code)
        made, facts = new_id(), await _checked(facts, parent)
        await Union.create(
            id=made,
            code=code or new_code(CODE_CHARS),
            parent_id=parent_id,
            lineage=[*(parent.lineage if parent else ()), made],
            search_text=search_words(facts.name),
            demo=demo,
            **_columns(facts),
        )
        await _audit(actor, "created", made, facts.region_code)
    return made


async def change_union(*, actor: Actor, union_id: UUID, facts: UnionFacts) -> None:
    """Another name, kind, place, position or target.

    Raises NotFound, Forbidden, UnionGone, UnionHasPeople for a federation-to-be, and what `_checked` raises.
    """
    async with sql.transaction():
        await _take_turns()
        row, union = await _to_change(actor, union_id)
        parent = await _parent(row["parent_id"])
        if facts.region_code != union.region_code:
            _require_place(actor, parent, facts.region_code)
        facts = await _checked(facts, parent, union)
        new = _columns(facts)
        changed = [name for name, value in new.items() if row[name] != value]
        if not changed:
            return
        await Union.filter(id=union_id).update(search_text=search_words(facts.name), **new)
        await _audit(actor, "changed", union_id, facts.region_code, ", ".join(changed))


async def move_union(*, actor: Actor, union_id: UUID, parent_id: UUID) -> None:
    """Below another union, with everything below it. Raises NotFound, Forbidden, UnionGone, UnionLoop, UnionKindWrong,
    UnionNameTaken.
    """
    async with sql.transaction():
        await _take_turns()
        row, union = await _to_change(actor, union_id)
        parent = await _parent(parent_id)
        if parent is None or union_id in parent.lineage:
            raise UnionLoop(field="parent")
        _require_place(actor, parent, union.region_code)
        if row["parent_id"] == parent_id:
            return
        _refuse_kind(union.kind, parent)
        await _refuse_name(union.name, parent_id, union_id)
        await sql.run(
            """UPDATE trade_union SET parent_id = CASE WHEN id = $1 THEN $2 ELSE parent_id END,
              lineage = $3::uuid[] || lineage[array_position(lineage, $1) :] WHERE lineage @> ARRAY[$1::uuid]""",
            union_id,
            parent_id,
            list(parent.lineage),
        )
        await _audit(actor, "moved", union_id, union.region_code, parent.code)


async def close_union(*, actor: Actor, union_id: UUID) -> None:
    """It takes nobody any more, and its poster leads to the choice of another one; drafts that named it choose again.

    Raises NotFound, Forbidden, UnionGone, UnionHasPeople.
    """
    async with sql.transaction():
        await _take_turns()
        _, union = await _to_change(actor, union_id)
        await _refuse_people(union_id)
        await sql.run("UPDATE trade_union SET closed_at = $2 WHERE id = $1", union_id, clock.now())
        # Whoever sends a draft at this moment holds it, and is told by the sending.
        await sql.run(
            """UPDATE application SET union_id = NULL, chosen_by = NULL WHERE id IN (
              SELECT id FROM application WHERE union_id = $1 AND state IN ('draft', 'returned')
              FOR UPDATE SKIP LOCKED)""",
            union_id,
        )
        await _audit(actor, "closed", union_id, union.region_code)


async def reopen_union(*, actor: Actor, union_id: UUID) -> None:
    """It takes people again; opening an open one changes nothing. Raises NotFound, Forbidden, UnionGone for a parent,
    UnionNameTaken.
    """
    async with sql.transaction():
        await _take_turns()
        row, union = await _locked(union_id)
        if not may_change(actor, union):
            raise Forbidden
        if row["closed_at"] is None:
            return
        await _parent(row["parent_id"])
        await _refuse_name(union.name, row["parent_id"], union_id)
        await sql.run("UPDATE trade_union SET closed_at = NULL WHERE id = $1", union_id)
        await _audit(actor, "reopened", union_id, union.region_code)


async def _take_turns() -> None:
    """One hand at the tree at a time: lineages and loops concern many unions at once."""
    await sql.run("SELECT pg_advisory_xact_lock($1)", ONE_AT_A_TIME)


async def _locked(union_id: UUID) -> tuple[Any, UnionView]:
    """A union against whoever wants to enter it meanwhile. Raises NotFound."""
    row = await sql.row("SELECT * FROM trade_union WHERE id = $1 FOR UPDATE", union_id)
    if row is None:
        raise NotFound
    return row, view_of(row)


async def _to_change(actor: Actor, union_id: UUID) -> tuple[Any, UnionView]:
    row, union = await _locked(union_id)
    if not may_change(actor, union):
        raise Forbidden
    if row["closed_at"] is not None:
        raise UnionGone
    return row, union


async def _parent(parent_id: UUID | None) -> UnionView | None:
    """Raises NotFound, UnionGone."""
    if parent_id is None:
        return None
    row = await sql.row("SELECT * FROM trade_union WHERE id = $1", parent_id)
    if row is None:
        raise NotFound
    if row["closed_at"] is not None:
        raise UnionGone(field="parent")
    return view_of(row)


def _require_place(actor: Actor, parent: UnionView | None, region_code: int) -> None:
    """The right at the parent, and for the place. Raises Forbidden."""
    if actor.kind == "system":
        return
    if parent is not None and not may_add_below(actor, parent):
        raise Forbidden
    if not may_keep(actor, parent.lineage if parent else (), region_code):
        raise Forbidden


async def _checked(facts: UnionFacts, parent: UnionView | None, union: UnionView | None = None) -> UnionFacts:
    """Facts as they are kept. Raises UnionNameNeeded, UnionNameTaken, PlaceUnknown, UnionKindWrong, UnionHasPeople."""
    name, place = clean(facts.name)[:LONGEST_NAME], find_place(facts.region_code)
    if not name:
        raise UnionNameNeeded(field="name")
    if place is None:
        raise PlaceUnknown(field="place")
    _refuse_kind(facts.kind, parent)
    if union is not None and union.kind != facts.kind and UnionKind.FEDERATION in {union.kind, facts.kind}:
        await _refuse_people(union.id)
    await _refuse_name(name, parent.id if parent else None, union.id if union else None)
    return msgspec.structs.replace(
        facts, name=name, point=facts.point or place.centre, target=min(max(facts.target, 0), MOST_TARGET)
    )


def _refuse_kind(kind: UnionKind, parent: UnionView | None) -> None:
    above = parent.kind if parent else None
    fits = above in {None, UnionKind.FEDERATION} if kind is UnionKind.FEDERATION else above is not None
    if not fits:
        raise UnionKindWrong(field="kind")


async def _refuse_name(name: str, parent_id: UUID | None, union_id: UUID | None) -> None:
    if await sql.value(
        """SELECT EXISTS (SELECT FROM trade_union WHERE parent_id IS NOT DISTINCT FROM $1 AND name = $2
          AND closed_at IS NULL AND id IS DISTINCT FROM $3)""",
        parent_id,
        name,
        union_id,
    ):
        raise UnionNameTaken(field="name")


async def _refuse_people(union_id: UUID) -> None:
    """Raises UnionHasPeople."""
    found = await sql.row(
        """SELECT (SELECT count(*) FROM member WHERE union_id = $1 AND state <> 'left') AS members,
          (SELECT count(*) FROM trade_union WHERE parent_id = $1 AND closed_at IS NULL) AS below,
          (SELECT count(*) FROM application WHERE union_id = $1 AND state IN ('submitted', 'appealed'))
            + (SELECT count(*) FROM transfer WHERE to_union_id = $1 AND state = 'requested') AS waiting""",
        union_id,
    )
    if found and any(found.values()):
        raise UnionHasPeople(**found)


def _columns(facts: UnionFacts) -> dict[str, Any]:
    lat, lng = facts.point or (None, None)
    return {
        "name": facts.name,
        "kind": facts.kind,
        "region_code": facts.region_code,
        "lat": lat,
        "lng": lng,
        "target": facts.target,
    }


async def _audit(actor: Actor, what: str, union_id: UUID, region_code: int, reason: str = "") -> None:
    await audit.record(
        actor.kind,
        actor.id,
        f"union.{what}",
        subject_kind="union",
        subject_id=str(union_id),
        region_code=region_code,
        reason=reason,
    )
