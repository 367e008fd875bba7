"""Mutations of an EDI desk: interchanges tried again, set aside, read again or sent again; partners and how they are reached."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from hub import connections, inbox, outbox
from hub.connections import Directory
from hub.flows.reread import Again, Rereader, of_exchange
from hub.flows.unanswered import resent
from hub.kit.db import Tx
from hub.kit.parked import MOST, Changed, Chosen
from hub.ledger import Cause, append, fact
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import ExchangeInput, GuideOverlayInput, PartnerInput, ReplayExchangeInput

CODES = ("NOT_FOUND", "NOT_PARKED", "REASON_REQUIRED", "TOO_MANY")
PARTNER_CODES = ("NOT_FOUND", "OVERLAY_INVALID", "PROFILE_INVALID", "TRANSPORT_INVALID")
OVERLAY_MOST = 256 * 1024  # characters
CheckProfile = Callable[[Mapping[str, Any], Mapping[str, Mapping[str, Any]]], Sequence[str]]
PARKED = 3
# what may stand in the plain config of a partner's account beside the profile; secrets never do
TRANSPORT = frozenset(
    {"transport", "inbox", "outbox", "base_url", "fetch_every"}
    | {f"sftp_{n}" for n in ("host", "port", "user", "host_key", "in", "out", "after", "stable", "home", "keys")}
    | {f"as2_{n}" for n in ("from", "to", "url", "sign", "encrypt", "compress", "receipt", "receipt_url", "accept")}
)


class ExchangeCommands:
    """`rereader` reads kept bytes through the present guides; `check_profile` says what is wrong with a partner's profile beside
    those of the tenant's other accounts (code -> config).
    """

    def __init__(self, desk: Desk, directory: Directory, rereader: Rereader, check_profile: CheckProfile) -> None:
        self._desk, self._directory, self._rereader, self._check = desk, directory, rereader, check_profile

    # ------------------------------------------------------------------ interchanges
    async def retry_exchange(self, ask: Ask, input: ExchangeInput, /) -> Outcome:  # noqa: A002 - the port's name
        """What waits for a person goes back to work: its messages, or the delivery that it left as."""

        async def act(tx: Tx) -> Outcome:
            row = await _known(tx, input.exchange_id)
            if row["direction"] == "IN":
                return _changed(tx, input, await inbox.retry(tx, await _parked(tx, input)), "message.retried")
            return _changed(tx, input, await outbox.retry(tx, _delivery(row)), "delivery.retried")

        return await self._desk.run(ask, CODES, act)

    async def ignore_exchange(self, ask: Ask, input: ExchangeInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            if not input.reason or not input.reason.strip():
                raise Refused(
                    Refusal(code="REASON_REQUIRED", message="Say why it is ignored.", field=("input", "reason"))
                )
            row = await _known(tx, input.exchange_id)
            if row["direction"] == "IN":
                changed = await inbox.ignore(tx, await _parked(tx, input), input.reason)
                return _changed(tx, input, changed, "message.ignored")
            return _changed(tx, input, await outbox.ignore(tx, _delivery(row), input.reason), "delivery.ignored")

        return await self._desk.run(ask, CODES, act)

    async def replay_exchange(self, ask: Ask, input: ReplayExchangeInput, /) -> Outcome:  # noqa: A002 - the port's name
        """Through the present guides; what was applied is never applied twice."""

        async def act(tx: Tx) -> Outcome:
            row = await _known(tx, input.exchange_id)
            if row["direction"] != "IN":
                raise _refused("NOT_FOUND", "Only what came in can be read again.")
            asked = Again(exchange_id=input.exchange_id, only=input.set_control, dry_run=input.dry_run, ack=input.ack)
            told = await self._rereader.within(tx, asked)
            if not told:
                raise _refused("NOT_FOUND", "It holds no such set, or its bytes are not kept any more.")
            if not input.dry_run:
                said = {"told": told[:20], "set": input.set_control, "ack": input.ack}
                append(tx, [fact(tx, "exchange.replayed", "exchange", input.exchange_id, said, direct(tx))])
            return Outcome(ids={"exchange": input.exchange_id}, data={"changed": len(told), "told": told})

        return await self._desk.run(ask, CODES, act)

    async def resend_exchange(self, ask: Ask, input: ExchangeInput, /) -> Outcome:  # noqa: A002 - the port's name
        """The same documents under new numbers."""

        async def act(tx: Tx) -> Outcome:
            row = await _known(tx, input.exchange_id)
            sets = [s for s in await connections.documents(tx, input.exchange_id) if s["document"] is not None]
            sets = [s for s in sets if input.set_control in (None, s["set_control"])]
            sent = await outbox.payloads(tx, [s["message_id"] for s in sets if s["message_id"]])
            sets = [s for s in sets if s["message_id"] in sent]
            if row["direction"] != "OUT" or not sets:
                raise _refused("NOT_FOUND", "There is no document of ours in it.")
            said = {"sets": [s["set_control"] for s in sets], "reason": input.reason}
            told = fact(tx, "exchange.resent", "exchange", input.exchange_id, said, direct(tx))
            append(tx, [told])
            destination = f"{row['connection_id'].hex}:outbound"
            owed = [
                resent(
                    s,
                    kind=str(sent[s["message_id"]]["kind"]),
                    destination=destination,
                    cause=told.event_id,
                    key=f"resend:{told.event_id.hex}:{s['set_control']}",
                )
                for s in sets
            ]
            await outbox.owe(tx, owed)
            lines = [f"{s['set_id']} {s['number'] or s['set_control']} is owed again" for s in sets]
            return Outcome(ids={"exchange": input.exchange_id}, data={"changed": len(sets), "told": lines})

        return await self._desk.run(ask, CODES, act)

    # ------------------------------------------------------------------ partners
    async def set_partner(self, ask: Ask, input: PartnerInput, /) -> Outcome:  # noqa: A002 - the port's name
        """The account at a partner, made or changed. A profile that is wrong changes nothing and is told whole."""

        async def act(tx: Tx) -> Outcome:
            given = _config(input)
            known = await _account(tx, input.code)
            kept = {k: v for k, v in known.config.items() if k not in ("profile", "partner")} if known else {}
            kept = {k: v for k, v in kept.items() if input.transport is None or k not in TRANSPORT}
            others = {c.code: c.config for c in await connections.of_tenant(tx, adapter="x12") if c.code != input.code}
            self._refuse({**kept, **given}, others, "PROFILE_INVALID", "profile")
            if known is None:
                made = await connections.create(tx, "x12", input.code, input.name, config=given)
            else:
                made = await connections.set_config(tx, known.connection_id, {**kept, **given}, label=input.name)
            said = {"code": input.code, "partner": given.get("partner"), "new": known is None}
            append(tx, [fact(tx, "partner.set", "connection", made.connection_id, said, direct(tx))])
            tx.after_commit.append(self._directory.forget)
            return Outcome(ids={"partner": made.connection_id})

        return await self._desk.run(ask, PARTNER_CODES, act)

    async def set_guide_overlay(self, ask: Ask, input: GuideOverlayInput, /) -> Outcome:  # noqa: A002 - the port's name
        """The partner's differences from the guide of a set, in force from the next document on. One that is wrong is told with
        line, key and reason, and the one before stays.
        """

        async def act(tx: Tx) -> Outcome:
            known = await _account(tx, input.code)
            if known is None:
                raise _partner_refused("NOT_FOUND", f"There is no partner {input.code[:80]}.", "code")
            overlays: dict[str, Any] = dict(known.config.get("overlays") or {})
            text = (input.overlay or "").strip("\0")
            if len(text) > OVERLAY_MOST:
                raise _partner_refused(
                    "OVERLAY_INVALID", f"An overlay has at most {OVERLAY_MOST} characters.", "overlay"
                )
            overlays.pop(input.set_id, None)
            if text.strip():
                self._refuse({**known.config, "overlays": {input.set_id: text}}, {}, "OVERLAY_INVALID", "overlay")
                overlays[input.set_id] = text
            made = await connections.set_config(tx, known.connection_id, {**known.config, "overlays": overlays})
            sha = hashlib.sha256(text.encode()).hexdigest() if input.set_id in overlays else None
            said = {"code": input.code, "set": input.set_id, "sha256": sha}
            append(tx, [fact(tx, "partner.overlay_set", "connection", made.connection_id, said, direct(tx))])
            tx.after_commit.append(self._directory.forget)
            return Outcome(ids={"partner": made.connection_id})

        return await self._desk.run(ask, PARTNER_CODES, act)

    def _refuse(
        self, config: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]], code: str, field: str
    ) -> None:
        faults = self._check(config, others)
        if faults:
            raise Refused(*(Refusal(code=code, message=f, field=("input", field)) for f in faults[:50]))


async def _account(tx: Tx, code: str) -> connections.Connection | None:
    return next((c for c in await connections.of_tenant(tx, adapter="x12") if c.code == code), None)


def _config(given: PartnerInput) -> dict[str, Any]:
    """The plain config. Only what belongs to a transport is taken, so that no secret lands in the open."""
    transport: Any = given.transport or {}
    if not isinstance(transport, Mapping):
        raise _partner_refused("TRANSPORT_INVALID", "The transport is an object.", "transport")
    unknown = sorted(set(transport) - TRANSPORT)
    if unknown:
        raise _partner_refused(
            "TRANSPORT_INVALID", f"{', '.join(unknown)[:200]}: no such field; secrets are stored apart.", "transport"
        )
    config: dict[str, Any] = {k: v for k, v in transport.items() if v is not None}
    config["partner"] = given.partner or given.code
    if given.profile is not None:
        if not isinstance(given.profile, Mapping):
            raise _partner_refused("PROFILE_INVALID", "The profile is an object.", "profile")
        config["profile"] = {**given.profile, "partner": config["partner"]}
        ours = given.profile.get("ours")
        if isinstance(ours, Mapping) and ours.get("id"):
            config["ours"] = str(ours["id"])  # what control numbers are counted under
    return config


def _partner_refused(code: str, message: str, where: str) -> Refused:
    return Refused(Refusal(code=code, message=message, field=("input", where)))


def _refused(code: str, message: str) -> Refused:
    return Refused(Refusal(code=code, message=message, field=("input", "exchangeId")))


async def _known(tx: Tx, exchange_id: UUID) -> Any:
    try:
        return await connections.exchange(tx, exchange_id)
    except connections.ExchangeUnknown as error:
        raise _refused("NOT_FOUND", "There is no such interchange.") from error


async def _parked(tx: Tx, given: ExchangeInput) -> Chosen:
    rows = [r for r in await of_exchange(tx, given.exchange_id) if r["state"] == PARKED]
    controls = {r["message_id"]: inbox.envelope(r).headers.get("x12-set-control") for r in rows}
    ids = [i for i, control in controls.items() if given.set_control in (None, control)]
    if not ids:
        raise _refused("NOT_PARKED", "Nothing in it waits for a person.")
    return Chosen(ids=ids[:MOST])


def _delivery(row: Any) -> Chosen:
    if row["message_id"] is None:
        raise _refused("NOT_PARKED", "Nothing in it waits for a person.")
    return Chosen(ids=[row["message_id"]])


def _changed(tx: Tx, given: ExchangeInput, changed: Sequence[Changed], type_: str) -> Outcome:
    if not changed:
        raise _refused("NOT_PARKED", "Nothing in it waits for a person.")
    kind = type_.partition(".")[0]
    append(
        tx,
        [fact(tx, type_, kind, c.id, {"reason": given.reason}, Cause(c.row["correlation_id"], None)) for c in changed],
    )
    told = [f"{kind} {c.id.hex} is {'at work again' if c.ready else 'set aside'}" for c in changed]
    return Outcome(ids={"exchange": given.exchange_id}, data={"changed": len(changed), "told": told})
