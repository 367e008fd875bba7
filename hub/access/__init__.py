"""The door of `access`: tenants, API keys, the answers of idempotent commands."""

from __future__ import annotations

from hub.access.idempotency import (
    Answer,
    Ask,
    Fresh,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    Stored,
    Twin,
    drop,
    forget_answers,
    input_hash,
    keep,
    replay,
    replay_all,
)
from hub.access.keys import (
    ApiKey,
    KeyRing,
    NotAuthenticated,
    Principal,
    RoleUnknown,
    make_key,
    revoke_key,
)
from hub.access.tenants import Tenant, TenantExists, create_tenant, find_tenant, tenants

__all__ = [
    "Answer",
    "ApiKey",
    "Ask",
    "Fresh",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "KeyRing",
    "NotAuthenticated",
    "Principal",
    "RoleUnknown",
    "Stored",
    "Tenant",
    "TenantExists",
    "Twin",
    "create_tenant",
    "drop",
    "find_tenant",
    "forget_answers",
    "input_hash",
    "keep",
    "make_key",
    "replay",
    "replay_all",
    "revoke_key",
    "tenants",
]
