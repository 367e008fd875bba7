"""Messages leave over mutual TLS to the portal's address of the table, or to the account's own. Decides nothing else."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.gnre.company import Company, company, identity
from hub.canon.certificates import CertificateRefused, check_certificate
from hub.canon.ports import Account, AnswerLost, Call, NeverTry, Response, TryAgain
from hub.kit.clock import system_clock
from hub.kit.dated import NoRule, Table, load
from hub.kit.mtls import Door, MtlsClients, NeverReachable, NothingSent, SentWithoutAnswer, Target, fingerprint

PAUSE = timedelta(seconds=10)
CONNECT_SECONDS = 5.0


class GnreWire:
    """Sends planned calls. Keeps one client for each certificate; `aclose` ends them."""

    def __init__(self) -> None:
        self._clients = MtlsClients()

    async def send(self, call: Call, account: Account) -> Response:
        """`TryAgain` or `NeverTry` only when no byte of the message has left; `AnswerLost` after that."""
        ours, key = company(account), identity(account)
        try:
            check_certificate(key, issuer=ours.cnpj, at=account.now or system_clock())
        except CertificateRefused as error:
            raise NeverTry(error.sentence()) from error
        where = Target(
            url=_address(call, ours), connect_seconds=CONNECT_SECONDS, answer_seconds=call.timeout.total_seconds()
        )
        door = Door(fingerprint(key.certificate.public_bytes(Encoding.DER)), ours.trust_pem)
        try:
            answer = await self._clients.post(door, key, where, call.body, call.media_type)
        except NeverReachable as error:
            raise NeverTry(str(error.data["reason"])) from error
        except NothingSent as error:
            raise TryAgain(after=PAUSE, reason=str(error.data["reason"])) from error
        except SentWithoutAnswer as error:
            raise AnswerLost(reason=str(error.data["reason"])) from error
        return Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def aclose(self) -> None:
        await self._clients.aclose()


def _address(call: Call, ours: Company) -> str:
    if ours.base_url is not None:
        return f"{ours.base_url}/{call.path}"
    try:
        row = _table().find(system_clock().date(), environment=ours.environment)
    except NoRule as error:
        raise NeverTry(f"no address of the portal for environment {ours.environment}") from error
    return f"{row.text('base')}/{call.path}"


@cache
def _table() -> Table:
    own = os.environ.get("HUB_FISCAL_TABLES")
    folder = Path(own) if own else Path(__file__).resolve().parents[2] / "mappings" / "fiscal"
    return load(folder / "gnre_portal.yaml")
