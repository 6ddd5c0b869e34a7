"""What sealed values of this room are for; the purpose is authenticated with each of them."""

from __future__ import annotations

IDENTITY = "identity"
APPEAL = "appeal"
IMPORT = "member-import"
