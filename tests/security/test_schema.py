"""The API answers whatever it is sent as its OpenAPI says, and never breaks.

A thousand cases with each run; `make fuzz CASES=20000` sends as many as one likes and prints what came back.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation

from tests.security.api_town import MADE_FOR, PATIENCE, WORKERS, Town, town

CASES = int(os.environ.get("CASES", "1000"))
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
MOST_ROUNDS = 200
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass
class Log:
    """What was sent and what came back, by operation."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def total(self) -> int:
        return sum(count.total() for count in self.statuses.values())

    def table(self) -> Iterator[str]:
        yield "| operation | cases | answers |\n|---|---|---|"
        for label, count in sorted(self.statuses.items()):
            answers = ", ".join(f"{status}: {times}" for status, times in sorted(count.items()))
            yield f"| {label} | {count.total()} | {answers} |"
        yield f"\n{self.total()} cases, {len(self.wrong)} kinds of wrong answers"


@pytest.fixture
def place(database_server: str, template: str, old_key: Any) -> Iterator[Town]:
    assert old_key  # the town's server has keys of its own; this process gets its keys back afterwards
    with town(database_server, template) as made:
        yield made


def test_the_api_answers_as_it_says(place: Town) -> None:
    log = Log()
    operations = [found.ok() for found in place.schema.include(path_regex="^/api/").get_all_operations()]
    assert len(operations) > 40
    for turn in range(MOST_ROUNDS):
        for operation in operations:
            try_out(place, operation, log, turn)
        if log.total() >= CASES:
            break
    sys.stdout.write("\n".join(["", *log.table(), ""]))
    assert log.total() >= CASES
    assert not log.wrong, "\n\n".join(log.wrong.values())


def try_out(place: Town, operation: APIOperation[Any, Any, Any, Any], log: Log, turn: int) -> None:
    """A few cases as the schema wants them, and a few that it refuses."""
    place.renew(operation.path)
    for mode in MODES:
        try:
            send_some(place, operation, mode, log, turn)
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, operation.label  # where nothing is asked nothing can be wrong


def send_some(
    place: Town, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, log: Log, turn: int
) -> None:
    seats = [*MADE_FOR.get((operation.tags or [""])[0], WORKERS)] * 4 + sorted(place.world.callers)

    @seed(turn)
    @settings(
        max_examples=min(25, 1 + CASES // 100),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.sampled_from(seats), st.integers(0, 4))
    def one_case(case: Case, caller: str, chance: int) -> None:
        if chance:
            name_things(case, place, everything=mode is GenerationMode.POSITIVE)
        send(place, case, caller, log)

    one_case()


def send(place: Town, case: Case, caller: str, log: Log) -> None:
    answer = case.call(place.base_url, place.http, place.token_of(caller), timeout=PATIENCE)
    label = case.operation.label
    log.statuses.setdefault(label, Counter())[answer.status_code] += 1
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            key = f"{label} as {caller}: {answer.status_code} {failure.title}"
            log.wrong.setdefault(f"{label} {answer.status_code} {failure.title}", f"{key}\n{failure}")
    if case.method != "GET" and answer.status_code < 300:
        place.renew(case.path)


def name_things(case: Case, place: Town, *, everything: bool) -> None:
    """Put what exists here in the place of made-up ids; in the body and the query only where all should be right."""
    known = place.known()
    for name in case.path_parameters or {}:
        if name in known:
            case.path_parameters[name] = known[name]()
    if everything and isinstance(case.query, dict):
        case.query.update(filled(case.query, known))
    if everything and isinstance(case.body, dict):
        case.body = filled(case.body, known)


def filled(given: Any, known: dict[str, Any]) -> Any:
    if not isinstance(given, dict):
        return given
    return {
        name: known[name]() if name in known and value is not None else filled(value, known)
        for name, value in given.items()
    }
