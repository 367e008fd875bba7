"""Mutations around a note: collection guides are paid or asked for again, notes issued to us answered and matched, a month handed over."""

from __future__ import annotations

from hub import fiscal
from hub.flows.incoming import Manifestation, manifest
from hub.kit.db import Tx
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.guide_inputs import FiscalMonthInput, GnreGuideInput, GnreGuidePaidInput, ManifestInput, MatchNoteInput

CODES = ("NOT_FOUND", "ILLEGAL_MOVE", "REASON_REQUIRED", "BAD_MONTH", "NOTHING_TO_MATCH")
REASON = range(15, 256)  # xJust
PRODUCTION, HOMOLOGATION = 1, 2


class GuideCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def pay_gnre_guide(self, ask: Ask, input: GnreGuidePaidInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A person or a bank says so; goods that waited for it may leave."""

        async def act(tx: Tx) -> Outcome:
            await fiscal.pay_guide(tx, input.guide_id, input.paid_on, direct(tx))
            return Outcome(ids={"guide": input.guide_id})

        return await self._desk.run(ask, CODES, act)

    async def retry_gnre_guide(self, ask: Ask, input: GnreGuideInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A refused guide is written anew, by the settings and the UF's rules of now."""

        async def act(tx: Tx) -> Outcome:
            await fiscal.ask_again(tx, [input.guide_id], direct(tx))
            return Outcome(ids={"guide": input.guide_id})

        return await self._desk.run(ask, CODES, act)

    async def manifest_incoming_note(self, ask: Ask, input: ManifestInput, /) -> Outcome:  # noqa: A002 - the port's name
        """What we say of a note is owed to the authority; the note shows it once it is registered."""

        async def act(tx: Tx) -> Outcome:
            if input.stance.value == "NOT_DONE" and len((input.reason or "").strip()) not in REASON:
                raise Refused(
                    Refusal(
                        code="REASON_REQUIRED",
                        message="An operation that was not done needs a reason of 15 to 255 characters.",
                        field=("input", "reason"),
                    )
                )
            key = await fiscal.incoming_key(tx, input.note_id)
            reason = (input.reason or "").strip() or None
            said = Manifestation(access_key=key, stance=input.stance.value, cause=direct(tx), reason=reason)
            await manifest(tx, [said])
            return Outcome(ids={"note": input.note_id})

        return await self._desk.run(ask, CODES, act)

    async def match_incoming_note(self, ask: Ask, input: MatchNoteInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A person says which purchase order it delivers, or which note of ours it returns."""

        async def act(tx: Tx) -> Outcome:
            if input.purchase_order_id is None and input.document_id is None:
                raise Refused(
                    Refusal(
                        code="NOTHING_TO_MATCH", message="Name a purchase order or a note of ours.", field=("input",)
                    )
                )
            if input.document_id is not None:
                await fiscal.xml(tx, input.document_id)
            await fiscal.match_incoming(
                tx,
                await fiscal.incoming_key(tx, input.note_id),
                direct(tx),
                purchase_order_id=input.purchase_order_id,
                document_id=input.document_id,
            )
            return Outcome(ids={"note": input.note_id})

        return await self._desk.run(ask, CODES, act)

    async def export_fiscal_month(self, ask: Ask, input: FiscalMonthInput, /) -> Outcome:  # noqa: A002 - the port's name
        """Where the accountants' zip is fetched, and how many numbers it will list."""

        async def act(tx: Tx) -> Outcome:
            environment = HOMOLOGATION if input.environment == HOMOLOGATION else PRODUCTION
            count = await fiscal.month_size(tx, input.month, environment=environment)
            query = f"month={input.month}&environment={environment}"
            return Outcome(data={"url": f"/api/v1/fiscal-documents/export?{query}", "notes": count})

        return await self._desk.run(ask, CODES, act)
