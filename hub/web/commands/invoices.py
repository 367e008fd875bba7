"""Mutations of notes: cancelled, corrected, retried, returned, issued without a sale; numbers voided; modes of contingency; certificates."""

from __future__ import annotations

from base64 import b64decode, b64encode
from decimal import Decimal
from hashlib import sha1
from uuid import UUID

from hub import connections, fiscal, fulfillment, network
from hub.canon.certificates import CertificateRefused
from hub.canon.invoice import InvoiceParty
from hub.fiscal import EventAsk, Mode, Series
from hub.flows.certificates import set_certificate
from hub.flows.contingency import station_of
from hub.flows.gate import owe_notes, remember_key, request_notes
from hub.flows.municipality import municipality_code
from hub.flows.note import establishment
from hub.flows.note_events import owe_voids, tell_authority
from hub.flows.other_notes import NoteAsk, NoteLine, ReturnAsk, other_note, return_note
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.vault import Vault
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.invoice_inputs import (
    CancelInvoiceInput,
    CertificateInput,
    CorrectInvoiceInput,
    DeliveryEventInput,
    EmissionModeInput,
    InvoiceRecipientInput,
    IssueInvoiceInput,
    ReformEventInput,
    RetryInvoiceInput,
    ReturnInvoiceInput,
    ShareInvoiceInput,
    VoidNumbersInput,
)
from schema.mutations.invoice_payloads import InvoiceErrorCode

CODES = tuple(c.value for c in InvoiceErrorCode)
LEFT = frozenset({"DISPATCHED", "IN_TRANSIT", "DELIVERED", "COMPLETED"})
NFE = 55


class InvoiceCommands:
    """`desk` carries the write path; `vault` seals certificates."""

    def __init__(self, desk: Desk, vault: Vault) -> None:
        self._desk, self._vault = desk, vault

    async def cancel_invoice(self, ask: Ask, input: CancelInvoiceInput, /) -> Outcome:  # noqa: A002 - the port's name
        """Goods that left need a return note instead, unless a person says that they stayed."""

        async def act(tx: Tx) -> Outcome:
            row = (await fiscal.notes(tx, [input.invoice_id])).get(input.invoice_id)
            if row is not None and row["model"] == NFE and row["fulfillment_id"] and not input.goods_stayed:
                [here] = (await fulfillment.lock(tx, [row["fulfillment_id"]])).values()
                if here["state"] in LEFT:
                    raise refused("GOODS_LEFT", "The goods left: issue a return note, or say goodsStayed.", "invoiceId")
            kind = "CANCEL" if input.substitute_id is None else "SUBSTITUTED"
            asked = EventAsk(
                document_id=input.invoice_id,
                kind=kind,
                text=input.reason,
                substitute_id=input.substitute_id,
                cause=direct(tx),
            )
            return await self._tell(tx, asked)

        return await self._desk.run(ask, CODES, act)

    async def _tell(self, tx: Tx, asked: EventAsk) -> Outcome:
        await tell_authority(tx, [asked], self._desk.reactor.deps)
        return Outcome(ids={"invoice": asked.document_id})

    async def correct_invoice(self, ask: Ask, input: CorrectInvoiceInput, /) -> Outcome:  # noqa: A002 - the port's name
        """The newest letter stands for all before it; values, parties and dates cannot be corrected."""

        async def act(tx: Tx) -> Outcome:
            asked = EventAsk(document_id=input.invoice_id, kind="CORRECT", text=input.correction, cause=direct(tx))
            return await self._tell(tx, asked)

        return await self._desk.run(ask, CODES, act)

    async def tell_reform_event(self, ask: Ask, input: ReformEventInput, /) -> Outcome:  # noqa: A002 - the port's name
        """An event of the tax reform about a note of ours; it leaves where its official schema is configured."""

        async def act(tx: Tx) -> Outcome:
            details = input.details if isinstance(input.details, dict) else None
            asked = EventAsk(document_id=input.invoice_id, kind=input.kind.value, details=details, cause=direct(tx))
            return await self._tell(tx, asked)

        return await self._desk.run(ask, CODES, act)

    async def share_invoice(self, ask: Ask, input: ShareInvoiceInput, /) -> Outcome:  # noqa: A002 - the port's name
        """Whoever has this CNPJ or CPF may fetch the note from the authority."""

        async def act(tx: Tx) -> Outcome:
            details = {"tax_id": input.tax_id, "may_authorize": input.may_authorize}
            asked = EventAsk(document_id=input.invoice_id, kind="INTERESTED", details=details, cause=direct(tx))
            return await self._tell(tx, asked)

        return await self._desk.run(ask, CODES, act)

    async def tell_delivery_event(self, ask: Ask, input: DeliveryEventInput, /) -> Outcome:  # noqa: A002 - the port's name
        """The goods were delivered, or could not be; or one of these is taken back. The picture itself is not kept, only its hash."""

        async def act(tx: Tx) -> Outcome:
            row = (await fiscal.notes(tx, [input.invoice_id])).get(input.invoice_id)
            told = EventAsk(
                document_id=input.invoice_id,
                kind=input.kind.value,
                text=input.reason,
                details=_delivery(input, row["access_key"] if row else ""),
                cause=direct(tx),
            )
            return await self._tell(tx, told)

        return await self._desk.run(ask, CODES, act)

    async def retry_invoice(self, ask: Ask, input: RetryInvoiceInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A rejected note is written again under its own number, with the data as they are now."""

        async def act(tx: Tx) -> Outcome:
            row = (await fiscal.notes(tx, [input.invoice_id])).get(input.invoice_id)
            if row is None:
                raise fiscal.UnknownDocument(document_id=input.invoice_id)
            if row["state"] != "REJECTED":
                raise fiscal.IllegalFiscalMove(state=row["state"], asked="PENDING")
            if row["fulfillment_id"] is None:
                again = await fiscal.renew(tx, input.invoice_id, direct(tx))
                await remember_key(tx, again)
                await owe_notes(tx, [again])
            elif not await fulfillment.ask_again(tx, {row["order_id"]: direct(tx)}):
                deps = self._desk.reactor.deps
                await request_notes(tx, {row["fulfillment_id"]: direct(tx)}, deps, model=row["model"])
            return Outcome(ids={"invoice": input.invoice_id})

        return await self._desk.run(ask, CODES, act)

    async def return_invoice(self, ask: Ask, input: ReturnInvoiceInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            units = {x.sku: Decimal(x.quantity) for x in input.lines or ()}
            asked = ReturnAsk(document_id=input.invoice_id, units=units, notes=input.note, cause=direct(tx))
            return Outcome(ids={"invoice": await return_note(tx, asked, self._desk.reactor.deps)})

        return await self._desk.run(ask, CODES, act)

    async def issue_invoice(self, ask: Ask, input: IssueInvoiceInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A transfer names the place that gets the goods, a remittance whoever does."""

        async def act(tx: Tx) -> Outcome:
            places = await network.load(tx)
            if input.location_id not in places.nodes:
                raise refused("NOT_FOUND", "There is no such location.", "locationId")
            if input.to_location_id is not None and input.to_location_id in places.nodes:
                to = establishment(places.nodes[input.to_location_id])
            elif input.recipient is not None:
                to = self._party(tx, input.recipient)
            else:
                raise refused("NOT_FOUND", "Name toLocationId or recipient.", "toLocationId")
            asked = NoteAsk(
                operation=input.operation,
                node_id=input.location_id,
                to=to,
                lines=tuple(NoteLine(sku=x.sku, quantity=x.quantity, unit_price=x.unit_price) for x in input.lines),
                cause=direct(tx),
                referenced_keys=input.referenced_keys or (),
                notes=input.note,
            )
            return Outcome(ids={"invoice": await other_note(tx, asked, self._desk.reactor.deps)})

        return await self._desk.run(ask, CODES, act)

    def _party(self, tx: Tx, given: InvoiceRecipientInput) -> InvoiceParty:
        a = given.address
        code = municipality_code(self._desk.reactor.deps.tables, tx.now.date(), a.region, a.city)
        return InvoiceParty(
            name=given.name,
            tax_id=given.tax_id,
            state_registration=given.state_registration,
            street=a.street,
            number=a.number or "S/N",
            complement=a.complement,
            district=a.district or "",
            municipality_code=code or "",
            city=a.city,
            region=a.region,
            postal_code=a.postcode,
            country=a.country_code,
            phone=a.phone,
            taxpayer=bool(given.state_registration),
        )

    # ------------------------------------------------------------------ numbers, modes, certificates
    async def void_numbers(self, ask: Ask, input: VoidNumbersInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            node = (await network.load(tx)).nodes.get(input.location_id)
            if node is None:
                raise refused("NOT_FOUND", "There is no such location.", "locationId")
            account = await _account(tx, node.fiscal_connection_id)
            series = Series(
                issuer=node.tax_id or "",
                environment=int(account.config.get("environment", 2)),
                model=input.model,
                number=input.series,
            )
            owed = await fiscal.void_range(
                tx,
                series,
                account.connection_id,
                region=node.address.region or "",
                first=input.first,
                last=input.last,
                reason=input.reason,
                tables=self._desk.reactor.deps.tables,
            )
            await owe_voids(tx, [owed])
            return Outcome(ids={"void": owed.void_id})

        return await self._desk.run(ask, CODES, act)

    async def set_emission_mode(self, ask: Ask, input: EmissionModeInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A person enters or leaves contingency. What the hub entered by itself it leaves by itself."""

        async def act(tx: Tx) -> Outcome:
            account = await _account(tx, input.connection_id)
            if input.model not in fiscal.OFFERED:
                raise refused("MODE_NOT_OFFERED", "The model is 55 or 65.", "model")
            station = station_of(account, input.model)
            mode, why = Mode(input.mode.value), input.reason or ""
            await fiscal.set_mode(tx, station, mode, why, by="OPERATOR", cause=direct(tx))
            return Outcome(ids={"authority": await fiscal.station_id(tx, station)})

        return await self._desk.run(ask, CODES, act)

    async def set_certificate(self, ask: Ask, input: CertificateInput, /) -> Outcome:  # noqa: A002 - the port's name
        """Opened, compared with the account's CNPJ and dates, kept encrypted; the one before stays live for a day."""

        async def act(tx: Tx) -> Outcome:
            try:
                given = (input.connection_id, input.pkcs12, input.password)
                identity = await set_certificate(tx, self._vault, *given, direct(tx))
            except connections.ConnectionUnknown as error:
                raise refused("NOT_FOUND", "There is no such connection.", "connectionId") from error
            except CertificateRefused as error:
                raise refused(error.code, error.sentence(), "pkcs12") from error
            ends = identity.certificate.not_valid_after_utc
            return Outcome(ids={"connection": input.connection_id}, data={"ends_at": ends})

        return await self._desk.run(ask, CODES, act)


def _delivery(given: DeliveryEventInput, access_key: str) -> dict[str, object]:
    """The hash is SHA-1 over the access key and the picture's base64 (NT 2021.001)."""
    said: dict[str, object] = {
        "at": given.at.isoformat() if given.at else None,
        "name": given.name,
        "document": given.document,
        "reason": given.failure.value if given.failure else None,
        "attempt": given.attempt,
        "latitude": None if given.latitude is None else str(given.latitude),
        "longitude": None if given.longitude is None else str(given.longitude),
    }
    if given.proof is not None:
        try:
            b64decode(given.proof, validate=True)
        except ValueError as error:
            raise refused("BAD_PROOF", "The proof is a picture in base64.", "proof") from error
        digest = sha1((access_key + given.proof).encode(), usedforsecurity=False).digest()
        said["hash"] = b64encode(digest).decode()
    return {k: v for k, v in said.items() if v is not None}


async def _account(tx: Tx, connection_id: UUID | None) -> connections.Connection:
    known = {c.connection_id: c for c in await connections.of_tenant(tx)}
    if connection_id is None or connection_id not in known:
        raise NoIssuer
    return known[connection_id]


class NoIssuer(HubError):
    """Nobody issues notes there: there is no such account."""

    code = "NO_ISSUER"


def refused(code: str, message: str, field: str) -> Refused:
    return Refused(Refusal(code=code, message=message, field=("input", field)))
