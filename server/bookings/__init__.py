"""Bookings: services on offer, slots, and one worker's place in a slot.

An *offering* is one service at one station; its *slots* come from hours, holidays and exceptional days
and keep rolling forward. A *booking* goes `requested → confirmed → arrived → served`, or ends declined,
cancelled, expired or no-show; each change appends a *booking event*. A requested booking already holds
its place.
Rules, all kept by the database too: `taken` is the number of bookings that hold a place and never
exceeds `capacity`; a worker never holds two overlapping active bookings; one request key books once;
every change of status is a compare-and-swap.
Locks are taken in the order booking, then slots by id.
"""
