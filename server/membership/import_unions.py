"""The unions that the lines of a file name, asked for as the lines come."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from server.kit.ids import read_code
from server.kit.text import N_, clean, half_width
from server.membership.scope import Scope, UnionFound, unions_named
from server.stations.import_cells import unguarded
from server.stations.import_files import Line

NEEDED = N_("请填工会代码或者工会名称。")
UNKNOWN = N_("没有这个工会，可能写错了，或者已经撤并。")
AMBIGUOUS = N_("叫这个名称的工会不止一个，请填工会代码。")
NOT_YOURS = N_("这个工会不归您管，这一行不能由您导入。")
CONTRADICTION = N_("工会代码和工会名称说的不是同一个工会。")


class UnionFinder:
    """Finds unions by code or name; those that lie in the scope come first where a name is not unique."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._codes: dict[str, UnionFound | None] = {}
        self._names: dict[str, list[UnionFound]] = {}

    async def learn(self, lines: Iterable[Line]) -> None:
        """Ask for the unions of these lines that nobody asked for yet."""
        codes: set[str] = set()
        names: set[str] = set()
        for _, cells in lines:
            codes.add(_code(unguarded(clean(cells.get("union_code", "")))))
            names.add(unguarded(clean(cells.get("union_name", ""))))
        codes -= self._codes.keys() | {""}
        names -= self._names.keys() | {""}
        if not codes and not names:
            return
        self._codes |= dict.fromkeys(codes)
        self._names |= {name: [] for name in names}
        for union in await unions_named(self.scope, list(codes), list(names)):
            if union.code in codes:
                self._codes[union.code] = union
            if union.name in names:
                self._names[union.name].append(union)

    def find(self, code: str, name: str) -> UUID | str:
        """The union, or what is wrong with these two cells."""
        if not code and not name:
            return NEEDED
        found = [self._codes.get(_code(code))] if code else self._named(name)
        if len(found) > 1:
            return AMBIGUOUS
        union = found[0] if found else None
        if union is None:
            return UNKNOWN
        if code and name and union.name != name:
            return CONTRADICTION
        return union.id if union.mine else NOT_YOURS

    def _named(self, name: str) -> list[UnionFound]:
        mine = [union for union in self._names[name] if union.mine]
        return mine or self._names[name][:1]


def _code(text: str) -> str:
    return read_code(half_width(text))
