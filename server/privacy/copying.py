"""A copy of everything that is held about a worker, for people and for machines."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from server.bookings import own_data as bookings
from server.bookings.own_data import BookingHeld, NumberHeld, PardonHeld, WishHeld
from server.errors import SignInNeeded
from server.groups import own_data as groups
from server.groups.own_data import GroupHeld
from server.kit import clock
from server.membership import own_data as membership
from server.membership.own_data import ApplicationHeld, MembershipHeld
from server.notices import own_data as notices
from server.notices.own_data import MessageHeld
from server.people import own_data as people
from server.people.actors import Actor
from server.people.own_data import AccountHeld, ConsentHeld, SessionHeld
from server.privacy.reading import Reading, readings_of
from server.reports import own_data as reports
from server.reports.own_data import SuggestionHeld, VoiceHeld


class OwnData(msgspec.Struct, frozen=True):
    """Everything held about one worker; keys stay, times are ISO 8601 in UTC."""

    format: Literal["niangjia-own-data/1"]
    made_at: datetime
    account: AccountHeld
    sessions: list[SessionHeld]
    consents: list[ConsentHeld]
    bookings: list[BookingHeld]
    numbers: list[NumberHeld]
    wishes: list[WishHeld]
    pardons: list[PardonHeld]
    groups: list[GroupHeld]
    reports: list[VoiceHeld]
    suggestions: list[SuggestionHeld]
    applications: list[ApplicationHeld]
    memberships: list[MembershipHeld]
    messages: list[MessageHeld]
    readings: list[Reading]


async def own_data(actor: Actor) -> OwnData:
    """The worker's copy. Raises SignInNeeded."""
    if actor.kind != "worker" or actor.id is None:
        raise SignInNeeded
    person = await people.copy(actor.id)
    if person is None:
        raise SignInNeeded
    applications, memberships = await membership.copy(actor.id)
    return OwnData(
        format="niangjia-own-data/1",
        made_at=clock.now(),
        account=person.account,
        sessions=person.sessions,
        consents=person.consents,
        bookings=await bookings.copy(actor.id),
        numbers=await bookings.copy_numbers(actor.id),
        wishes=await bookings.copy_wishes(actor.id),
        pardons=await bookings.copy_pardons(actor.id),
        groups=await groups.copy(actor.id),
        reports=await reports.copy_voices(actor.id),
        suggestions=await reports.copy_suggestions(actor.id),
        applications=applications,
        memberships=memberships,
        messages=await notices.copy(actor.id),
        readings=await readings_of(actor.id),
    )
