"""The address of a database that runs: HUB_DATABASE_URL, else the embedded one of HUB_DATA. Starts nothing."""

from __future__ import annotations

from typing import ClassVar

from hub.kit.errors import HubError


class NothingRuns(HubError):
    """No hub's database runs below {data}; start `hub up`, or set HUB_DATABASE_URL or HUB_DATA."""

    code: ClassVar[str] = "NOTHING_RUNS"


def address() -> str:
    """The owner's address. It holds a password: never log it."""
    from hub.kit.embedded import running_dsn
    from hub.kit.settings import load_settings

    settings = load_settings()
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    found = running_dsn(settings.data, db_user=settings.db_user)
    if found is None:
        raise NothingRuns(data=settings.data)
    return found
