"""What the operator may set, as HUB_ variables; every fault is collected, then told at once, without its value."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.kit.errors import HubError

CHECKOUT = Path(__file__).resolve().parents[2]
KEK_BYTES = 32


class SettingsInvalid(HubError):
    """The settings cannot be used: {faults}."""

    code: ClassVar[str] = "SETTINGS_INVALID"


class KekInvalid(HubError):
    """{variable} holds no key encryption key: {reason}; make one with `openssl rand -base64 32`."""

    code: ClassVar[str] = "KEK_INVALID"


def _postgresql(url: SecretStr) -> SecretStr:
    """A libpq URI: SQLAlchemy's `postgresql+asyncpg` is made from it inside."""
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("must begin with postgresql://")
    return url


def _numbers(text: object) -> object:
    """`1,2,3` beside a sequence."""
    return [part for part in text.split(",") if part.strip()] if isinstance(text, str) else text


class Settings(BaseSettings):
    """Made once at start, by `load_settings`, and handed on; nothing else reads the environment."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: Annotated[SecretStr, AfterValidator(_postgresql)] | None = Field(
        None, description="An external PostgreSQL 15 to 18; unset: the embedded one below HUB_DATA."
    )
    data: Path = Field(CHECKOUT / ".hub", description="Where the embedded PostgreSQL, its secret and backups lie.")
    db_user: str | None = Field(None, description="As whom the embedded PostgreSQL runs when the hub is root.")
    pooler: bool = Field(
        default=False, description="A pooler in transaction mode is between: no state may outlive a transaction."
    )

    kek: SecretStr | None = Field(None, description="The key encryption key: base64 of 32 bytes, or id:key,id:key.")
    kek_file: Path | None = Field(None, description="A file with the same content; wins over HUB_KEK.")

    host: str = Field("127.0.0.1", description="The address that the web process listens on.")
    port: int = Field(8000, ge=1, le=65535)
    internal_host: str = Field("127.0.0.1", description="The address of the internal port.")
    internal_port: int = Field(9464, ge=0, le=65535, description="Metrics and health, never public; 0: a free one.")
    metrics_tenants: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_numbers)] = Field(
        (), description="Tenants that get a label of their own in metrics: 1,2,3."
    )

    sftp_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="The port at which workers of this machine let partners in by SFTP; unset: no door.",
    )
    sftp_host_key_file: Path | None = Field(
        None, description="Our SSH host key; unset: one is made below HUB_DATA and kept."
    )

    outbound_allow: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_numbers)] = Field(
        (), description="host:port,host:port that outbound calls may reach though they are private or not on port 443."
    )

    nats_url: SecretStr | None = Field(
        None,
        description="NATS with JetStream: live streams take the ledger from the relay (hub relay) instead of reading it.",
    )
    nats_stream: str = Field("HUB_LEDGER", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    nats_replicas: int = Field(1, ge=1, le=5, description="Copies of the stream; 3 in a cluster of brokers.")

    idempotency_days: int = Field(30, ge=1, le=365, description="How long an answer is kept for its key.")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, else JSON."
    )

    @property
    def broker(self) -> str | None:
        """The address of NATS, if there is one."""
        return (self.nats_url.get_secret_value() if self.nats_url is not None else "") or None

    def keks(self) -> dict[str, bytes]:
        """Key encryption keys by id, the one for new secrets first; empty if none is set. Raises KekInvalid."""
        if self.kek_file is not None:
            try:
                return _keys(self.kek_file.read_text(encoding="ascii"), variable="HUB_KEK_FILE")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not text"
                raise KekInvalid(variable="HUB_KEK_FILE", reason=reason) from None
        return _keys(self.kek.get_secret_value(), variable="HUB_KEK") if self.kek is not None else {}


def _keys(text: str, *, variable: str) -> dict[str, bytes]:
    """`key`, or `id:key` parted by commas or lines; a bare key has the id `1`."""
    keys: dict[str, bytes] = {}
    for entry in text.replace("\n", ",").split(","):
        if not entry.strip():
            continue
        name, _, encoded = entry.strip().rpartition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise KekInvalid(variable=variable, reason="it is not base64") from None
        if len(key) != KEK_BYTES:
            raise KekInvalid(variable=variable, reason=f"it has {len(key)} bytes, not {KEK_BYTES}")
        if (name or "1") in keys:
            raise KekInvalid(variable=variable, reason=f"the id {name or '1'} occurs twice")
        keys[name or "1"] = key
    if not keys:
        raise KekInvalid(variable=variable, reason="it is empty")
    return keys


def load_settings() -> Settings:
    """From the environment; raises SettingsInvalid that names each variable and what is wrong with it."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"HUB_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        raise SettingsInvalid(faults="; ".join(faults)) from None
