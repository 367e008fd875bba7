"""As whom PostgreSQL runs: it refuses root, so a root hub becomes an ordinary user in the child and only there."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from hub.kit.embedded.faults import AccountIsRoot, AccountNotOurs, AccountUnknown, DirectoryClosed

FALLBACK = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    name: str
    uid: int
    gid: int
    switch: bool  # True: this process is root and its children must become this user

    @property
    def identity(self) -> tuple[int, int] | None:
        """What a child must become; None where it already is."""
        return (self.uid, self.gid) if self.switch else None

    def own(self, path: Path) -> None:
        """Give a file or directory that we just made to this user."""
        if self.switch:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def account_for(data: Path, db_user: str | None) -> Account:
    """Root: HUB_DB_USER, else the owner of the data directory if not root, else nobody. Others: oneself."""
    me = os.geteuid()
    if me != 0:
        mine = _entry(str(me))
        if db_user is not None and _entry(db_user).pw_uid != me:
            raise AccountNotOurs(user=db_user, me=mine.pw_name)
        return Account(name=mine.pw_name, uid=me, gid=os.getegid(), switch=False)
    entry = _entry(db_user or _owner_of(data) or FALLBACK)
    if entry.pw_uid == 0:
        raise AccountIsRoot
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)


def _owner_of(data: Path) -> str | None:
    uid = data.stat().st_uid if data.exists() else 0
    return str(uid) if uid else None


def _entry(user: str) -> pwd.struct_passwd:
    """The passwd entry of a name or a number."""
    try:
        return pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        raise AccountUnknown(user=user) from None


def require_entrance(data: Path, account: Account) -> None:
    """Refuse a path with a directory on its way that the account cannot enter; nothing is opened for it."""
    for place in [*reversed(data.parents), data]:
        if place.exists() and not _may_enter(place, account):
            raise DirectoryClosed(place=str(data), closed=str(place), user=account.name)


def _may_enter(directory: Path, account: Account) -> bool:
    about = directory.stat()
    if about.st_uid == account.uid:
        return bool(about.st_mode & stat.S_IXUSR)
    groups = {account.gid} if account.switch else {account.gid, *os.getgroups()}
    if about.st_gid in groups:
        return bool(about.st_mode & stat.S_IXGRP)
    return bool(about.st_mode & stat.S_IXOTH)
