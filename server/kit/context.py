"""What is known about the request in hand, for logs and the audit."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
# Whose request it is, where somebody is signed in: an open stream ends with its session.
session_id: ContextVar[str] = ContextVar("session_id", default="")
