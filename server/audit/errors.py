"""Refusals of the audit; only the operator at the command line meets them."""

from __future__ import annotations

from server.errors import AppError


class ChainBroken(AppError):
    """An entry is not as it was written, is missing, or was added past the chain."""

    status = 500
    code = "audit-broken"
    message = "entry %(where)s %(what)s"


class TooYoung(AppError):
    status = 422
    code = "audit-too-young"
    message = "entries are kept for at least %(days)s days"
