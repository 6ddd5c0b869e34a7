"""The files for a real machine name commands that exist and no secret by default."""

import re

import pytest

from server.cli import parser
from server.config import ROOT

COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")


def test_every_command_exists():
    commands = re.findall(r"command: \[niangjia, ([\w-]+)\]", COMPOSE)
    assert set(commands) == {"migrate", "web", "worker"}
    for command in commands:
        parser().parse_args([command])


def test_no_value_from_outside_has_a_default():
    names = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSE)
    assert names
    assert all(rest == ":?" for _, rest in names)


@pytest.mark.parametrize("line", (ROOT / ".env.example").read_text("utf-8").split())
def test_the_example_names_what_is_needed_and_gives_nothing(line):
    name, _, value = line.partition("=")
    assert not value
    assert f"${{{name}:?}}" in COMPOSE
