"""The house keeps its own rules: who imports whom, where SQL and text may stand, and that nothing stands unused."""

import ast
import keyword
import re
from pathlib import Path

import pytest
from vulture import Vulture

SERVER = Path(__file__).parent.parent / "server"
ROOMS = (
    "people",
    "stations",
    "bookings",
    "groups",
    "membership",
    "privacy",
    "oversight",
    "figures",
    "reports",
    "visits",
    "notices",
    "audit",
)
# A room may use the rooms named behind it; notices and audit are called by all and call none.
MAY_USE = {
    "people": {"notices", "audit"},
    "stations": {"people", "notices", "audit"},
    "reports": {"people", "stations", "notices", "audit"},
    "bookings": {"people", "stations", "reports", "notices", "audit"},
    "groups": {"people", "stations", "bookings", "notices"},
    "visits": {"people", "stations", "bookings", "reports", "audit"},
    "membership": {"people", "stations", "notices", "audit"},
    "privacy": {"people", "stations", "reports", "bookings", "groups", "membership", "notices", "audit"},
    "oversight": {"people", "stations", "audit"},
    "figures": {"people", "stations", "bookings", "visits"},
    "notices": set(),
    "audit": set(),
}
PUBLIC = {
    "service",
    "consents",
    "consent_texts",
    "own_data",
    "phones",
    "identity",
    "words",
    "texts",
    "sms",
    "staff",
    "slots",
    "many",
    "desk",
    "queries",
    "history",
    "no_show_queries",
    "models",
    "schemas",
    "rules",
    "errors",
    "hours",
    "actors",
    "divisions",
    "naming",
    "nearby",
    "import_cells",
    "import_files",
    "photos",
    "routes",
    "route_queries",
    "route_rules",
}
HTTP_FILES = ("pages", "api")
TEMPLATES = SERVER.parent / "web" / "templates"
# Called by Litestar, Jinja, asyncpg and granian under names of their own; EXPLAIN asks for the statement.
CALLED_FROM_OUTSIDE = {
    "authenticate_request",
    "create_pool",
    "handle",
    "make_globals",
    "preprocess",
    "statement_of",
}
ROUTES = ["@get", "@post", "@put", "@patch", "@delete"]
# A template's `x.name` and `selectattr('name')`; a command's "module:name".
NAMED = re.compile(r"\.([a-z]\w+)|attr\('(\w+)'|\"server\.[\w.]+:(\w+)\"")
SOURCES = sorted(p for p in SERVER.rglob("*.py") if "migrations" not in p.parts)


def imports_of(path: Path) -> set[str]:
    """Dotted names of everything that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name_of(path: Path) -> str:
    return path.relative_to(SERVER).as_posix()


def is_http_file(path: Path) -> bool:
    return any(path.stem == kind or path.stem.endswith(f"_{kind}") for kind in HTTP_FILES)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_follow_the_house(path):
    room = path.relative_to(SERVER).parts[0]
    for name in imports_of(path):
        parts = name.split(".")
        if room in ROOMS and parts[0] == "litestar":
            assert is_http_file(path), f"only pages and api meet HTTP: {name}"
        if parts[0] != "server" or len(parts) < 2:
            continue
        if room == "kit":
            assert parts[1] == "kit", f"kit imports nothing of ours: {name}"
        if room in ROOMS and parts[1] == "edge":
            assert is_http_file(path), f"only pages and api know the edge: {name}"
        if room in ROOMS and parts[1] in ROOMS and parts[1] != room:
            assert parts[1] in MAY_USE[room], f"{room} may not use {parts[1]}: {name}"
            assert parts[2] in PUBLIC or is_http_file(path), f"a room's inside is its own: {name}"


@pytest.mark.parametrize("path", [p for p in SOURCES if p.stem == "rules"], ids=name_of)
def test_rules_are_pure(path):
    for name in imports_of(path):
        assert not name.startswith(("server.db", "asyncpg", "tortoise", "httpx")), f"rules do no I/O: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_value_is_written_into_sql(path):
    """SQL is put together from constants; values travel as parameters."""
    if "db" in path.parts:
        return  # names of databases cannot be parameters
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.JoinedStr):
            continue
        text = "".join(v.value for v in node.values if isinstance(v, ast.Constant) and isinstance(v.value, str))
        if not re.search(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b", text):
            continue
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                named = ast.unparse(value.value)
                assert named.rpartition(".")[2].isupper(), f"line {node.lineno}: {named} in SQL"


def test_nothing_stands_unused():
    """What only tests call, and no page, route or command, is in nobody's way but ours."""
    found = Vulture(ignore_decorators=ROUTES)
    for path in SOURCES:
        found.scan(path.read_text("utf-8"), filename=path)
    for path in (*TEMPLATES.rglob("*.html"), SERVER / "cli.py"):
        named = {match[match.lastindex or 0] for match in NAMED.finditer(path.read_text("utf-8"))}
        found.scan("\n".join(f"_.{name}" for name in named if not keyword.iskeyword(name)), filename=path)
    unused = [
        f"{item.filename}:{item.first_lineno} {item.name}"
        for item in found.get_unused_code(min_confidence=60)
        if item.typ in ("function", "method", "property", "class", "import")
        and item.name not in CALLED_FROM_OUTSIDE
        and not Path(item.filename).name.endswith("models.py")  # tables, which SQL names
    ]
    assert not unused, "\n".join(unused)
