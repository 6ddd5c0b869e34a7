"""Fault drills: `make faults`, or `python -m tests.drills [NAMES]`; see docs/reliability.md.

Clients keep a journal of what they were told while something breaks; a checker compares it with what is stored.
"""
