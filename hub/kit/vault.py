"""Secrets at rest: AES-256-GCM under a data key per tenant, each wrapped by a key-encryption key that never enters the database.
A value is `version(1) | key no(4) | nonce(12) | ciphertext | tag(16)` and opens only in the tenant, table, column and row it was sealed for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.kit.db import Connection, Database, Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

SQL = statements(__file__, "vault.sql")
VERSION = 1
NONCE = 12
BLOCK = 1 << 16  # uses reserved at a time
MOST_USES = 1 << 32  # random nonces: no key is used more often


class KekMissing(HubError):
    """Secrets are stored but no key-encryption key is given: set HUB_KEK_FILE or HUB_KEK (32 bytes, base64)."""

    code: ClassVar[str] = "KEK_MISSING"


class KekUnknown(HubError):
    """Data keys are wrapped by the key-encryption key {kek_id}, which is not given: add it to HUB_KEK_FILE or HUB_KEK."""

    code: ClassVar[str] = "KEK_UNKNOWN"


class KekWrong(HubError):
    """The key-encryption key {kek_id} in HUB_KEK_FILE or HUB_KEK is not the one that wrapped the stored data keys."""

    code: ClassVar[str] = "KEK_WRONG"


class KekUnfit(HubError):
    """The key-encryption key {kek_id} must have 32 bytes; it has {length}."""

    code: ClassVar[str] = "KEK_UNFIT"


class Unopenable(HubError):
    """This secret was not sealed for {table}.{column}, or was changed since."""

    code: ClassVar[str] = "UNOPENABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed value stands. `row`: its row's key as text. Moved elsewhere it does not open."""

    table: str
    column: str
    row: str

    def bound(self, tenant: int) -> bytes:
        parts = (str(tenant), self.table, self.column, self.row)
        return b"".join(len(p.encode()).to_bytes(4) + p.encode() for p in parts)


class Vault:
    """Seals and opens. `keks`: key-encryption keys by id, the first one wraps what is new; several during a rotation."""

    def __init__(self, db: Database, keks: Mapping[str, bytes]) -> None:
        for kek_id, kek in keks.items():
            if len(kek) != 32:
                raise KekUnfit(kek_id=kek_id, length=len(kek))
        self._db = db
        self._keks = {kek_id: AESGCM(kek) for kek_id, kek in keks.items()}
        self._keys: dict[tuple[int, int], AESGCM] = {}
        self._current: dict[int, tuple[int, int]] = {}  # tenant -> (key no, uses left of the reserved block)

    async def check(self) -> int:
        """Unwrap every stored data key, once, at start: how many there are. Raises `KekMissing`, `KekUnknown`, `KekWrong`."""
        rows = await self._db.worker.fetch(SQL["all_keys"])
        if rows and not self._keks:
            raise KekMissing
        for row in rows:
            self._unwrap(row["tenant_id"], row["key_no"], row["kek_id"], row["wrapped"])
        return len(rows)

    async def seal(self, tx: Tx, place: Place, secret: bytes) -> bytes:
        """Encrypt for that place of the unit's tenant. The tenant's first data key is made when it is first needed."""
        key_no = await self._use(tx.tenant)
        nonce = os.urandom(NONCE)
        head = bytes([VERSION]) + key_no.to_bytes(4)
        return head + nonce + (await self._key(tx.tenant, key_no)).encrypt(nonce, secret, head + place.bound(tx.tenant))

    async def open(self, tenant: int, place: Place, sealed: bytes) -> bytes:
        """Decrypt; `Unopenable` for anything that was sealed elsewhere or changed."""
        head, nonce, rest = sealed[:5], sealed[5 : 5 + NONCE], sealed[5 + NONCE :]
        if len(rest) < 16 or head[0] != VERSION:
            raise Unopenable(table=place.table, column=place.column)
        key = await self._key(tenant, int.from_bytes(head[1:5]), place)
        try:
            return key.decrypt(nonce, rest, head + place.bound(tenant))
        except InvalidTag:
            raise Unopenable(table=place.table, column=place.column) from None

    async def rewrap(self) -> int:
        """Wrap every data key anew under the first key-encryption key, after which the older ones may be taken away. Returns how many."""
        changed = 0
        newest = self._newest()
        for row in await self._db.worker.fetch(SQL["all_keys"]):
            if row["kek_id"] == newest:
                continue
            tenant, key_no = row["tenant_id"], row["key_no"]
            plain = self._unwrap(tenant, key_no, row["kek_id"], row["wrapped"])
            async with self._db.unit(tenant=tenant, actor="system:vault") as tx:
                wrapped = self._wrap(tenant, key_no, plain)
                await tx.conn.execute(SQL["rewrap"], tenant, key_no, newest, wrapped)
            changed += 1
        return changed

    async def renew(self, tenant: int) -> int:
        """A new data key for what is sealed from now on; older values keep theirs. Returns its number."""
        async with self._db.unit(tenant=tenant, actor="system:vault") as tx:
            await tx.conn.execute(SQL["lock"], tenant)
            key_no = await self._make(tx.conn, tenant)
        self._current.pop(tenant, None)
        return key_no

    async def _use(self, tenant: int) -> int:
        key_no, left = self._current.get(tenant, (0, 0))
        if left == 0:
            # A unit of its own: a block of uses stays used whatever becomes of the caller's transaction.
            async with self._db.unit(tenant=tenant, actor="system:vault") as own:
                key_no = await self._reserve(own.conn, tenant)
            left = BLOCK
        self._current[tenant] = (key_no, left - 1)
        return key_no

    async def _reserve(self, conn: Connection, tenant: int) -> int:
        await conn.execute(SQL["lock"], tenant)
        found = await conn.fetchval(SQL["reserve"], tenant, BLOCK, MOST_USES)
        if found is not None:
            return int(found)
        key_no = await self._make(conn, tenant)
        await conn.fetchval(SQL["reserve"], tenant, BLOCK, MOST_USES)
        return key_no

    async def _make(self, conn: Connection, tenant: int) -> int:
        key_no = int(await conn.fetchval(SQL["next_no"], tenant))
        wrapped = self._wrap(tenant, key_no, AESGCM.generate_key(256))
        await conn.execute(SQL["add"], tenant, key_no, self._newest(), wrapped)
        return key_no

    async def _key(self, tenant: int, key_no: int, place: Place | None = None) -> AESGCM:
        if (tenant, key_no) not in self._keys:
            row = await self._db.worker.fetchrow(SQL["one_key"], tenant, key_no)
            if row is None:
                raise Unopenable(table=place.table if place else "-", column=place.column if place else "-")
            plain = self._unwrap(tenant, key_no, row["kek_id"], row["wrapped"])
            self._keys[tenant, key_no] = AESGCM(plain)
        return self._keys[tenant, key_no]

    def _newest(self) -> str:
        if not self._keks:
            raise KekMissing
        return next(iter(self._keks))

    def _wrap(self, tenant: int, key_no: int, plain: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._keks[self._newest()].encrypt(nonce, plain, f"data_keys|{tenant}|{key_no}".encode())

    def _unwrap(self, tenant: int, key_no: int, kek_id: str, wrapped: bytes) -> bytes:
        if not self._keks:
            raise KekMissing
        if kek_id not in self._keks:
            raise KekUnknown(kek_id=kek_id)
        try:
            bound = f"data_keys|{tenant}|{key_no}".encode()
            return self._keks[kek_id].decrypt(wrapped[:NONCE], wrapped[NONCE:], bound)
        except InvalidTag:
            raise KekWrong(kek_id=kek_id) from None
