"""A ticket as a calendar file (RFC 5545), with an alarm an hour before."""

from __future__ import annotations

from datetime import timedelta

from icalendar import Alarm, Calendar, Event

from server.bookings.models import ACTIVE
from server.bookings.schemas import TicketView
from server.kit.geo import Point

PRODUCT = "-//niangjia//tickets//ZH"


def calendar_file(ticket: TicketView, service_name: str, base_url: str) -> bytes:
    """One event; the same ticket keeps its UID, so that a moved booking moves in the calendar too."""
    place = Point(ticket.offering.lat, ticket.offering.lng)
    event = Event()
    event.add("uid", f"{ticket.id}@niangjia")
    event.add("dtstamp", ticket.changed_at)
    event.add("sequence", len(ticket.history))
    event.add("dtstart", ticket.starts_at)
    event.add("dtend", ticket.ends_at)
    event.add("summary", f"{service_name} · {ticket.offering.station_name}")
    event.add("description", ticket.code)
    event.add("location", f"{ticket.offering.station_name} {ticket.offering.address}".strip())
    event.add("geo", place)
    event.add("url", f"{base_url}/tickets/{ticket.id}")
    event.add("status", "CONFIRMED" if ticket.status in ACTIVE else "CANCELLED")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", service_name)
    alarm.add("trigger", timedelta(hours=-1))
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(event)
    content: bytes = calendar.to_ical()
    return content
