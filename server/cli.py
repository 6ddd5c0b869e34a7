"""The command line. `niangjia run` starts everything; the other commands are its parts and the operator's tools."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from server.config import SettingsError, read_settings
from server.db.backups import BackupFailed
from server.db.embedded import StartFailed
from server.db.health import Unusable
from server.db.lifespan import DatabaseAway
from server.process import CannotServe, DataInUse, leave_when, standard_input_closed, start

# Command, what it does, where it is: modules load only when called.
COMMANDS = (
    ("run", "start everything: database, web, worker", "server.run:run"),
    ("web", "serve the web application", "server.web:web"),
    ("worker", "run the recurring jobs and send messages", "server.worker:worker"),
    ("migrate", "bring the database to this release", "server.commands:migrate"),
    ("demo", "load the demo network (demo mode only)", "server.commands:demo"),
    ("check", "check settings and database", "server.commands:check"),
    ("import-stations", "import stations from a CSV or XLSX file, all or nothing", "server.commands:import_stations"),
    ("import-members", "import members from a CSV or XLSX file, all or nothing", "server.commands:import_members"),
    ("create-officer", "make a staff account for a region", "server.commands:create_officer"),
    ("roll-up", "count the figures of days that are over anew", "server.commands:roll_up"),
    ("rotate-keys", "seal all personal data under the newest data key", "server.commands:rotate_keys"),
    ("backup", "make a base backup of the database", "server.backups:backup"),
    ("keep-backups", "receive every change, and make a base backup each day", "server.backups:keep_backups"),
    ("restore", "bring the database back as it was at a time", "server.backups:restore"),
    ("verify-backup", "restore into a temporary folder and look whether all is there", "server.backups:verify_backup"),
    ("verify-audit", "prove that no audit entry was changed, added or removed", "server.commands:verify_audit"),
    ("purge-audit", "delete old audit entries; the rest can still be verified", "server.commands:purge_audit"),
)
BAD_SETTINGS = 2


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    made = argparse.ArgumentParser(prog="niangjia", description=__doc__)
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    by_name = {}
    for name, what, target in COMMANDS:
        by_name[name] = commands.add_parser(name, help=what, description=what)
        by_name[name].set_defaults(target=target)
    for name in ("web", "worker", "keep-backups"):
        by_name[name].add_argument("--supervised", action="store_true", help="leave when standard input closes")
    by_name["import-stations"].add_argument("file", help="CSV or XLSX; see docs/importing.md for its columns")
    by_name["import-members"].add_argument("file", help="CSV or XLSX; see docs/importing-members.md for its columns")
    by_name["rotate-keys"].add_argument("--count", action="store_true", help="only count values by key")
    by_name["verify-audit"].add_argument(
        "--head", metavar="NUMBER:HASH", help="what an earlier run or the log called the head: it must be there still"
    )
    by_name["purge-audit"].add_argument(
        "--before", required=True, type=date.fromisoformat, metavar="DAY", help="a day at least half a year ago"
    )
    for name in ("from", "until"):
        by_name["roll-up"].add_argument(
            f"--{name}", dest=f"{name}_day", required=True, type=date.fromisoformat, metavar="DAY"
        )
    _add_backups(by_name)
    officer = by_name["create-officer"]
    officer.add_argument("login")
    officer.add_argument("--name", required=True, help="how colleagues see the officer")
    officer.add_argument("--region", required=True, type=int, metavar="CODE", help="division code, such as 450100")
    return made


def _add_backups(by_name: dict[str, argparse.ArgumentParser]) -> None:
    """The arguments of the commands about backups."""
    for name in ("backup", "keep-backups", "restore", "verify-backup"):
        by_name[name].add_argument("folder", nargs="?", type=Path, metavar="DIR", help="else NIANGJIA_BACKUP_DIR")
    for name in ("restore", "verify-backup"):
        by_name[name].add_argument(
            "--until",
            type=datetime.fromisoformat,
            metavar="TIME",
            help="such as 2027-05-01T09:30+08:00; else the latest",
        )
    keep = by_name["keep-backups"]
    keep.add_argument("--every", type=float, default=24, metavar="HOURS", help="between two base backups (24)")
    keep.add_argument("--keep", type=int, default=7, metavar="NUMBER", help="of base backups (7)")
    by_name["restore"].add_argument(
        "--into", type=Path, metavar="FOLDER", help="only make a data folder, for any server"
    )
    by_name["verify-backup"].add_argument("--work", type=Path, metavar="FOLDER", help="where there is room for a copy")
    by_name["verify-backup"].add_argument("--database", default="niangjia", metavar="NAME", help="its name (niangjia)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status: 0 done, 1 failed, 2 wrong arguments or settings."""
    given = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    try:
        settings = read_settings()
        start(settings)
        if getattr(given, "supervised", False):
            leave_when(standard_input_closed)
        module, _, function = given.target.partition(":")
        status: int = getattr(import_module(module), function)(settings, given)
    except SettingsError as error:
        sys.stderr.writelines(f"{mistake}\n" for mistake in error.mistakes)
        return BAD_SETTINGS
    except (BackupFailed, CannotServe, DataInUse, DatabaseAway, StartFailed, Unusable) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return status


def _leave(number: int, _frame: object) -> NoReturn:
    """Told to stop: on the way out each command stops what it started, the embedded database too."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
