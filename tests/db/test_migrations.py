"""What models and migrations declare is what the database has."""

import os
import shutil
import subprocess
import sys
from importlib import import_module

import asyncpg
import pytest
from tortoise import Tortoise

from server.config import ROOT
from server.db import sql

CONSTRAINTS = [
    import_module(f"server.db.migrations.{name}")
    for name in (
        "0002_constraints",
        "0004_membership_constraints",
        "0006_roles_audit_constraints",
        "0007_walk_ins",
        "0008_waitlist",
        "0009_figures",
        "0010_visits_reports",
        "0011_station_life",
        "0013_no_show",
    )
]


def declared(kind):
    """Names of all constraints, indexes or triggers that migrations add by hand."""
    return {name for part in CONSTRAINTS for name in getattr(part, kind, {})}


pytestmark = pytest.mark.usefixtures("db")


def test_models_and_migrations_agree(tmp_path):
    """The ORM's own tool finds nothing to do, in a copy."""
    shutil.copytree(ROOT / "server", tmp_path / "server")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    made = subprocess.run(
        [sys.executable, "-m", "tortoise", "makemigrations"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No changes detected" in made.stdout, made.stdout + made.stderr


async def test_every_constraint_exists():
    found = {row["conname"] for row in await sql.rows("SELECT conname FROM pg_constraint")}
    assert declared("CONSTRAINTS") <= found


async def test_every_index_exists():
    found = {row["indexname"] for row in await sql.rows("SELECT indexname FROM pg_indexes")}
    assert declared("INDEXES") | declared("UNIQUE_INDEXES") <= found


async def test_every_trigger_exists():
    found = {row["tgname"] for row in await sql.rows("SELECT tgname FROM pg_trigger")}
    assert declared("TRIGGERS") <= found


async def test_every_index_and_unique_set_of_the_models_exists():
    rows = await sql.rows("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'")
    missing = []
    for model in Tortoise.apps["models"].values():
        meta = model._meta
        sets = [tuple(i.fields if hasattr(i, "fields") else i) for i in meta.indexes]
        sets += [tuple(u) for u in meta.unique_together]
        sets += [(name,) for name, field in meta.fields_map.items() if getattr(field, "index", False)]
        for fields in sets:
            columns = ", ".join(meta.fields_db_projection.get(f, f"{f}_id") for f in fields)
            if not any(r["tablename"] == meta.db_table and f"({columns})" in r["indexdef"] for r in rows):
                missing.append(f"{meta.db_table} ({columns})")
    assert not missing


@pytest.mark.parametrize(
    "table", ["audit_entry", "audit_link", "audit_anchor", "booking_event", "membership_event", "fault_event"]
)
async def test_history_cannot_be_rewritten(table):
    for trigger in (f"{table}_append_only", f"{table}_never_emptied"):
        tag = await sql.value("SELECT tgenabled FROM pg_trigger WHERE tgname = $1", trigger)
        assert tag in ("O", b"O")
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await sql.run(f"TRUNCATE {table} CASCADE")
