"""Several reads in one round trip: each page asks once for all that does not depend on one another.

`at_once(read(), another())` runs reads that await nothing but `sql.row`, `sql.rows` and `sql.value`. As long as they
ask, one question of each goes to the database together, as one statement; its rows come back to whoever asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import ContextVar
from itertools import islice
from typing import Any, TypeVar, overload

from tortoise import connections

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
PARAMETER = re.compile(r"\$(\d+)")
asking: ContextVar[bool] = ContextVar("asking", default=False)
_columns: dict[str, list[str]] = {}  # of a statement; there are as many as the program has


class Questions(list[tuple[str, Sequence[Any]]]):
    """Statements with their values that wait for others to go with them."""

    def __await__(self) -> Generator[Questions, list[list[Any]], list[list[Any]]]:
        return (yield self)


@overload
async def at_once(a: Coroutine[Any, Any, A], b: Coroutine[Any, Any, B], /) -> tuple[A, B]: ...
@overload
async def at_once(
    a: Coroutine[Any, Any, A], b: Coroutine[Any, Any, B], c: Coroutine[Any, Any, C], /
) -> tuple[A, B, C]: ...
@overload
async def at_once(
    a: Coroutine[Any, Any, A], b: Coroutine[Any, Any, B], c: Coroutine[Any, Any, C], d: Coroutine[Any, Any, D], /
) -> tuple[A, B, C, D]: ...
@overload
async def at_once(
    a: Coroutine[Any, Any, A],
    b: Coroutine[Any, Any, B],
    c: Coroutine[Any, Any, C],
    d: Coroutine[Any, Any, D],
    e: Coroutine[Any, Any, E],
    /,
) -> tuple[A, B, C, D, E]: ...
@overload
async def at_once(
    a: Coroutine[Any, Any, A],
    b: Coroutine[Any, Any, B],
    c: Coroutine[Any, Any, C],
    d: Coroutine[Any, Any, D],
    e: Coroutine[Any, Any, E],
    f: Coroutine[Any, Any, F],
    /,
) -> tuple[A, B, C, D, E, F]: ...
async def at_once(*reads: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """What the reads return, in their order. Raises what the first of them raises."""
    answers: list[Any] = [None] * len(reads)
    found: dict[int, list[list[Any]] | None] = dict.fromkeys(range(len(reads)))
    try:
        while found:
            asked: dict[int, Questions] = {}
            for place, rows in found.items():
                try:
                    asked[place] = _go_on(reads[place], rows)
                except StopIteration as end:
                    answers[place] = end.value
            rest = iter(await _ask(Questions(one for questions in asked.values() for one in questions)))
            found = {place: list(islice(rest, len(questions))) for place, questions in asked.items()}
    finally:
        for read in reads:
            read.close()
    return tuple(answers)


def _go_on(read: Coroutine[Any, Any, Any], rows: list[list[Any]] | None) -> Questions:
    """Up to the next questions of a read.

    Raises StopIteration at its end, TypeError where it awaits anything else.
    """
    token = asking.set(True)
    try:
        awaited = read.send(rows)
    finally:
        asking.reset(token)
    if not isinstance(awaited, Questions):
        raise TypeError(f"{read} awaits more than rows")
    return awaited


async def _ask(questions: Questions) -> list[list[Any]]:
    """The rows of each question; one that is asked within `at_once` goes with the others there."""
    if not questions:
        return []
    if asking.get():
        return await questions
    async with connections.get("default").acquire_connection() as connection:
        if len(questions) == 1:
            return [await connection.fetch(questions[0][0], *questions[0][1])]
        columns = [await _columns_of(connection, sql) for sql, _ in questions]
        found = await connection.fetchrow(_joined(questions), *(value for _, values in questions for value in values))
    return [[dict(zip(names, row, strict=True)) for row in rows] for names, rows in zip(columns, found, strict=True)]


async def _columns_of(connection: Any, sql: str) -> list[str]:
    """The names of a statement's columns, which do not come with rows inside a row; asked once."""
    if sql not in _columns:
        _columns[sql] = [column.name for column in (await connection.prepare(sql)).get_attributes()]
    return _columns[sql]


def _joined(questions: Questions) -> str:
    """One statement that answers all: a list of rows for each."""
    parts, before = [], 0
    for sql, values in questions:
        parts.append("ARRAY(SELECT found FROM (" + PARAMETER.sub(_moved(before), sql) + "\n) found)")
        before += len(values)
    return "SELECT " + ", ".join(parts)


def _moved(by: int) -> Callable[[re.Match[str]], str]:
    return lambda parameter: f"${int(parameter[1]) + by}"
