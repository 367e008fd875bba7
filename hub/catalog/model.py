"""Products and parties as the other rooms see them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`weight_g` grams, sizes in millimetres; `ncm`, `cest`, `origin` and `unit` are what a Brazilian note needs."""

    product_id: UUID
    sku: str
    title: str
    gtin: str | None = None
    ncm: str | None = None
    cest: str | None = None
    origin: int | None = None
    unit: str = "UN"
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    hazmat: bool = False
    own_make: bool = False


def party_id(tenant: int, channel: str, identity: str) -> UUID:
    """The same customer of the same channel has the same id, without a look-up: UUIDv8 (RFC 9562) of what identifies it."""
    digest = hashlib.sha256(f"{tenant}\0{channel}\0{identity}".encode()).digest()
    return UUID(int=int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62))
