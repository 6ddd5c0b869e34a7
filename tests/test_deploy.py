"""The files for a real machine name commands that exist and no secret by default."""

import re
import shlex

import pytest
import yaml

from server.cli import parser
from server.config import ROOT

COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]


def test_the_whole_product_is_described():
    assert set(SERVICES) == {"database", "migrate", "web", "worker", "backup", "caddy"}
    assert SERVICES["database"]["image"] == "postgres:18"
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", {})) <= set(SERVICES), name


def test_every_command_exists():
    ours = {name: service["command"] for name, service in SERVICES.items() if "command" in service}
    commands = {name: command for name, command in ours.items() if name != "database"}
    assert set(commands) == {"migrate", "web", "worker", "backup"}
    for program, *arguments in commands.values():
        assert program == "niangjia"
        parser().parse_args(arguments)


def test_nothing_serves_before_it_can():
    assert SERVICES["migrate"]["depends_on"]["database"] == {"condition": "service_healthy"}
    for name in ("web", "worker", "backup"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["caddy"]["depends_on"]["web"] == {"condition": "service_healthy"}
    program, *_, probe = SERVICES["web"]["healthcheck"]["test"][1:]
    assert program == "python"
    compile(probe, "healthcheck", "exec")


def test_no_value_from_outside_has_a_default():
    names = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSE)
    assert names
    assert all(rest == ":?" for _, rest in names)


@pytest.mark.parametrize("line", (ROOT / ".env.example").read_text("utf-8").split())
def test_the_example_names_what_is_needed_and_gives_nothing(line):
    name, _, value = line.partition("=")
    assert not value
    assert f"${{{name}:?}}" in COMPOSE


def test_the_image_copies_what_exists_and_is_not_run_by_root():
    lines = [shlex.split(line) for line in (ROOT / "deploy" / "Dockerfile").read_text("utf-8").splitlines()]
    copied = [name for line in lines if line[0] == "COPY" for name in line[1:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert ["USER", "niangjia"] in lines


def test_the_proxy_speaks_to_the_web_service():
    proxied = (ROOT / "deploy" / "Caddyfile").read_text("utf-8")
    assert "reverse_proxy web:8000" in proxied
    assert "Strict-Transport-Security" in proxied
