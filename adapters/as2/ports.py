"""The adapter's port: what the hub asks of AS2. Keys come with the account; nothing is sent from here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from adapters.as2 import message
from adapters.as2 import receipt as receipts
from adapters.as2.account import agreement
from hub.canon.carriage import Dated, Packed, Receipt, ReceiptRead, Unpacked
from hub.canon.ports import Account, NeverTry, Request


class As2:
    """Pure: the same request and account give the same verdict."""

    def pack(self, name: str, media_type: str, content: bytes, foreign_id: str, account: Account) -> Packed:
        with_ = agreement(account)
        if not with_.url:
            raise NeverTry("the account has no as2_url")
        return message.pack(name, media_type, content, foreign_id, with_)

    def unpack(self, request: Request, account: Account) -> Unpacked:
        return message.unpack(request, agreement(account))

    def receipt(self, opened: Unpacked, account: Account) -> Receipt:
        return receipts.receipt(opened, agreement(account), f"<{secrets.token_hex(16)}@order-hub>")

    def is_receipt(self, request: Request) -> bool:
        return receipts.is_receipt(request.headers, request.body)

    def read_receipt(self, headers: Mapping[str, str], body: bytes, account: Account) -> ReceiptRead:
        return receipts.read_receipt(headers, body, agreement(account))

    def same(self, mic: str, other: str | None) -> bool:
        return receipts.same_mic(mic, other)

    def certificates(self, account: Account) -> Sequence[Dated]:
        """Ours and the partner's: of each the newest, which is the one in use."""
        with_ = agreement(account)
        ours, theirs = with_.keys[0][1], with_.partner[0]
        return [
            Dated(label="our AS2 certificate", ends=ours.not_valid_after_utc),
            Dated(label="the partner's AS2 certificate", ends=theirs.not_valid_after_utc),
        ]
