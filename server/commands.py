"""The operator's tools on the command line. Each gets settings and arguments and gives an exit status."""

from __future__ import annotations

import asyncio
import getpass
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from typing import Any

import pyotp
from tortoise.exceptions import IntegrityError

from server import keys
from server.audit import chain
from server.audit.errors import ChainBroken, TooYoung
from server.bookings.station_changes import follow_openings
from server.config import Settings
from server.db import health, lifespan
from server.demo.load import load_demo
from server.errors import AppError
from server.figures.rolling import roll_up_again
from server.kit import clock
from server.kit.crypto import vault
from server.membership import importing as members
from server.people.actors import GrantHeld
from server.people.errors import PasswordCommon, PasswordLikeLogin, PasswordShort
from server.people.models import Role
from server.people.passwords import SHORTEST, check_password
from server.people.staff import create_staff
from server.process import database_of
from server.stations import importing as stations
from server.stations.changes import when_opening_changes
from server.stations.divisions import find_place
from server.stations.service import load_divisions


def migrate(settings: Settings, _given: Namespace) -> int:
    """Bring the database to this release."""
    with database_of(settings) as url:
        asyncio.run(upgrade(url))
    return 0


async def upgrade(url: str) -> None:
    """Migrations, then the divisions that ship with this release."""
    await lifespan.migrate(url)
    async with lifespan.database(url):
        await load_divisions()


def demo(settings: Settings, _given: Namespace) -> int:
    """Load the demo network; refused outside demo mode."""
    if not settings.demo:
        return _fail("NIANGJIA_MODE: the demo network is loaded in demo mode only")
    for line in _with_database(settings, load_demo):
        _say(line)
    return 0


def check(settings: Settings, _given: Namespace) -> int:
    """Say what would keep this installation from working."""
    with database_of(settings) as url:
        mistakes = asyncio.run(health.mistakes(url))
    sys.stderr.writelines(f"{mistake}\n" for mistake in mistakes)
    return 1 if mistakes else 0


def import_stations(settings: Settings, given: Namespace) -> int:
    """Import a file of stations: all of it, or none with every mistake named."""
    when_opening_changes(follow_openings)
    return _import(settings, given.file, stations.import_file)


def import_members(settings: Settings, given: Namespace) -> int:
    """Import a file of members: all of it, or none with every mistake named."""
    return _import(settings, given.file, members.import_file)


def _import(settings: Settings, file: str, work: Callable[[str], Awaitable[Any]]) -> int:
    try:
        look = _with_database(settings, lambda: work(file))
    except (AppError, OSError) as error:
        return _fail(str(error))
    for mistake in look.errors:
        _fail(f"{file}:{mistake.line}: {mistake.column}: {mistake.message % mistake.params}")
    if look.error_count:
        return _fail(f"{look.error_count} mistakes; nothing was imported")
    _say(f"{look.rows} rows: {look.new} new, {look.changed} changed, {look.unchanged} unchanged")
    return 0


def create_officer(settings: Settings, given: Namespace) -> int:
    """Make an officer's account; the password is asked for, or read from standard input."""
    if find_place(given.region) is None:
        return _fail(f"--region: there is no division {given.region}")
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        check_password(password, given.login)
    except PasswordShort:
        return _fail(f"password: at least {SHORTEST} characters")
    except (PasswordLikeLogin, PasswordCommon):
        return _fail("password: it holds the login, or is one that everybody tries first")
    grant = GrantHeld(Role.OFFICER, region_code=given.region)
    try:
        _, secret = _with_database(
            settings,
            lambda: create_staff(login=given.login, display_name=given.name, password=password, grants=[grant]),
        )
    except IntegrityError:
        return _fail(f"login: {given.login} is taken")
    _say(f"key for the authenticator app: {secret}")
    _say(pyotp.TOTP(secret).provisioning_uri(name=given.login, issuer_name="娘家人"))
    return 0


def rotate_keys(settings: Settings, given: Namespace) -> int:
    """Seal everything under the current key, or only count; 0 where nothing is left under another one."""
    work = keys.say_keys if given.count else keys.rotate
    return 0 if _with_database(settings, lambda: work(vault(), _say)) else 1


def roll_up(settings: Settings, given: Namespace) -> int:
    """Count the figures of a span of days anew; what happened today is never rolled up."""
    if given.from_day > given.until_day:
        return _fail("--from: a day not after --until")
    _with_database(settings, lambda: roll_up_again(given.from_day, given.until_day, _say))
    return 0


def verify_audit(settings: Settings, given: Namespace) -> int:
    """Walk the audit's chain and say its head, or the first entry that is not as it was written."""
    number, _, known = (given.head or "").partition(":")
    if given.head and not (number.isdigit() and known):
        return _fail("--head: NUMBER:HASH, as the log or an earlier run said it")
    expected = chain.Head(int(number), known) if given.head else None
    try:
        seen = _with_database(settings, lambda: chain.verify(expected))
    except ChainBroken as error:
        return _fail(str(error))
    _say(f"{seen.links} entries verified, {seen.forgotten} with forgotten reasons, {seen.waiting} not chained yet")
    _say(f"head {seen.head}")
    return 0


def purge_audit(settings: Settings, given: Namespace) -> int:
    """Let go of audit entries from before a day; refused for the last half year, and where the chain is broken."""
    try:
        gone = _with_database(settings, lambda: chain.purge(clock.at(given.before, 0)))
    except (ChainBroken, TooYoung) as error:
        return _fail(str(error))
    _say(f"{gone} entries deleted")
    return 0


def _with_database(settings: Settings, work: Callable[[], Awaitable[Any]]) -> Any:
    """Do something on a database of this release. Raises Unusable."""

    async def do(url: str) -> Any:
        if mistakes := await health.mistakes(url):
            raise health.Unusable("\n".join(mistakes))
        async with lifespan.database(url):
            return await work()

    with database_of(settings) as url:
        return asyncio.run(do(url))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _fail(line: str) -> int:
    sys.stderr.write(f"{line}\n")
    return 1
