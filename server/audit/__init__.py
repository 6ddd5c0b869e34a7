"""Audit: who did what, and who read whose data. Append-only; the database refuses changes.

Every other room calls `service.record`; this room calls none.
"""
