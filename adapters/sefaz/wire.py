"""Notes leave over mutual TLS: which certificate, to which address, and what a failure means to the hub. Decides nothing else."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.sefaz.authorities import Endpoint, endpoint
from adapters.sefaz.company import Company, company, identity
from hub.canon.certificates import CertificateRefused, Identity, check_certificate
from hub.canon.ports import Account, AnswerLost, Call, NeverTry, Response, TryAgain
from hub.kit.clock import system_clock
from hub.kit.mtls import Door, MtlsClients, NeverReachable, NothingSent, SentWithoutAnswer, Target, fingerprint

PAUSE = timedelta(seconds=10)  # after a connection that never came about


class SefazWire:
    """Sends planned calls. Keeps one client for each certificate; `aclose` ends them."""

    def __init__(self) -> None:
        self._clients = MtlsClients()

    async def send(self, call: Call, account: Account) -> Response:
        """`TryAgain` or `NeverTry` only when no byte of the message has left; `AnswerLost` after that."""
        ours, key = company(account), identity(account)
        where = endpoint(call, ours, (account.now or system_clock()).date())
        _refuse(account, ours, key, where)
        der = key.certificate.public_bytes(Encoding.DER)
        target = Target(url=where.url, connect_seconds=where.connect_seconds, answer_seconds=where.answer_seconds)
        door = Door(fingerprint(der), ours.trust_pem, where.legacy_tls)
        try:
            answer = await self._clients.post(door, key, target, call.body, call.media_type)
        except NeverReachable as error:
            raise NeverTry(str(error.data["reason"])) from error
        except NothingSent as error:
            raise TryAgain(after=PAUSE, reason=str(error.data["reason"])) from error
        except SentWithoutAnswer as error:
            raise AnswerLost(reason=str(error.data["reason"])) from error
        return Response(status=answer.status, headers=answer.headers, body=answer.body)

    async def aclose(self) -> None:
        await self._clients.aclose()


def _refuse(account: Account, ours: Company, key: Identity, where: Endpoint) -> None:
    """What must not even open a connection: a foreign or expired certificate, an address without TLS."""
    if not where.url.startswith("https://"):
        raise NeverTry("the address of the service has no TLS")
    if account.now is None:
        return
    try:
        check_certificate(key, issuer=ours.cnpj, at=account.now)
    except CertificateRefused as error:
        raise NeverTry(error.sentence()) from error
