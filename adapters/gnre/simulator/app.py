"""The portal behind ASGI: takes batches, works on them while it is asked, remembers every guide, answers questions, misbehaves on request."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from random import Random
from typing import Any

import orjson
from lxml import etree

from adapters.gnre.simulator.checks import Motive, amount, motives
from adapters.gnre.simulator.slips import barcode, line_of, pix_text, sheet
from adapters.gnre.simulator.ufs import config_answer, rules_of
from adapters.gnre.soap import GNRE, SERVICES, NotFromPortal, parse, wrap_answer
from adapters.gnre.xsd import schema_faults
from hub.canon.certificates import cnpj_of
from hub.kit.clock import Clock, system_clock

LARGEST = 600 * 1024  # bytes of a message
MOST_GUIDES, MOST_QUESTIONS = 50, 50
_N = f"{{{GNRE}}}"
_VERSION = re.compile(rb"<(?:\w+:)?versaoDados>([^<]*)<")
_WORDS = {
    "100": "Lote recebido com Sucesso",
    "101": "Certificado inválido",
    "102": "CNPJ não habilitado para uso do serviço.",
    "103": "Mensagem excedeu o tamanho máximo de 600KB.",
    "153": "A quantidade de guias no lote não pode ser maior que 50!",
    "156": "XML de Lote inválido",
    "157": "Versão do cabeçalho informada difere da versão do XML de Dados!",
    "199": "A quantidade de consultas no lote nao pode ser maior que 50.",
    "301": "Elemento gnreCabecMsg inexistente no SOAP Header",
    "302": "Campo versaoDados inexistente no elemento gnreCabecMsg do SOAP Header",
    "400": "Lote Recebido. Aguardando processamento",
    "401": "Lote em Processamento",
    "402": "Lote processado com sucesso",
    "403": "Processado com pendência",
    "404": "Erro no processamento do lote. Enviar o lote novamente.",
}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class FaultKind(StrEnum):
    ANSWER_LOST = "answer_lost"  # processed, then the connection is cut
    CUT_BEFORE = "cut_before"  # cut, nothing is processed
    HTML = "html"  # processed, an HTML page is answered
    HTTP_500 = "http_500"  # not processed
    DELAY = "delay"  # answers after `seconds`
    BATCH_FAILED = "batch_failed"  # 404: the batch must be sent again
    UNREACHED = "unreached"  # situation 3: the UF did not answer
    PENDING = "pending"  # situation 4, up to an hour


BRASILIA = timezone(timedelta(hours=-3))  # the portal's clock


@dataclass(slots=True, kw_only=True)
class Fault:
    """`rate`: share of the calls that it strikes; `times`: how often it still may; `service` None: all."""

    kind: FaultKind
    service: str | None = None
    rate: float = 1.0
    times: int | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Batch:
    """One receipt with the answers to its guides or questions. `looks`: how often it still says 401."""

    guides: list[str]
    looks: int
    code: str = "402"


@dataclass(slots=True)
class Issued:
    """A guide that the portal made."""

    issuer: str
    region: str
    document: str
    identifier: str
    answer: str
    paid: datetime | None = None


@dataclass(slots=True)
class GnreApp:
    """`looks`: how often a batch says "still working". `enabled` None: every CNPJ may use the service."""

    seed: int = 0
    looks: int = 1
    enabled: frozenset[str] | None = None
    base: Clock = system_clock
    shift: timedelta = timedelta()
    faults: list[Fault] = field(default_factory=list)
    batches: dict[str, Batch] = field(default_factory=dict)
    guides: list[Issued] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    serial: int = 0
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def now(self) -> datetime:
        return self.base() + self.shift

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, path = await _read(receive), scope["path"].rstrip("/")
        if path.startswith("/_sim/"):
            await _answer(send, 200, self.control(path.removeprefix("/_sim/"), body), b"application/json")
            return
        service = path.rpartition("/")[2]
        if scope["method"] != "POST" or service not in SERVICES:
            await _answer(send, 404, b"unknown service", b"text/plain")
            return
        await self._serve(service, body, scope.get("extensions", {}).get("mtls", {}), send)

    async def _serve(self, service: str, body: bytes, connection: dict[str, Any], send: Send) -> None:
        self.calls[service] = self.calls.get(service, 0) + 1
        fault = self._strike(service)
        kind = fault.kind if fault else None
        if fault and fault.seconds:
            await asyncio.sleep(fault.seconds)
        if kind is FaultKind.CUT_BEFORE:
            connection["transport"].abort()
            return
        if kind is FaultKind.HTTP_500:
            await _answer(send, 500, b"<html>Erro interno</html>", b"text/html")
            return
        peer = connection.get("peer")
        answer = self.answer(service, body, cnpj_of(peer) if peer is not None else None, kind)
        if kind is FaultKind.ANSWER_LOST:
            connection["transport"].abort()
        elif kind is FaultKind.HTML:
            await _answer(send, 200, b"<html>Servico em manutencao</html>", b"text/html")
        else:
            await _answer(send, 200, answer, b"application/soap+xml; charset=utf-8")

    def _strike(self, service: str) -> Fault | None:
        for fault in self.faults:
            if fault.service not in {None, service} or self.random.random() >= fault.rate:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
            return fault
        return None

    # -------------------------------------------------------------- services
    def answer(self, service: str, body: bytes, peer: str | None, fault: FaultKind | None = None) -> bytes:
        """The whole envelope for one message."""
        handler = {
            "GnreLoteRecepcao": self._receive,
            "GnreLoteRecepcaoConsulta": self._receive_questions,
            "GnreResultadoLote": self._result,
            "GnreResultadoLoteConsulta": self._result,
            "GnreConfigUF": self._config,
        }[service]
        code, element = self._initial(service, body, peer)
        if service == "GnreConfigUF" and element is not None and code is None:
            return wrap_answer(service, handler(element, fault).encode())
        if code is not None or element is None:
            refused = _receipt(code or "156") if service.startswith("GnreLote") else _result("", code or "156", "")
            return wrap_answer(service, refused.encode())
        return wrap_answer(service, handler(element, fault).encode())

    def _initial(self, service: str, body: bytes, peer: str | None) -> tuple[str | None, etree._Element | None]:
        """(code of the refusal, message)."""
        if self.enabled is not None and peer not in self.enabled:
            return "102", None
        if len(body) > LARGEST:
            return "103", None
        known, version = SERVICES[service], _VERSION.search(body)
        if b"gnreCabecMsg" not in body:
            return "301", None
        if version is None:
            return "302", None
        if version[1].decode("ascii", "replace") != known.version:
            return "157", None
        try:
            element = next(parse(body).iter(f"{_N}{known.message}"), None)
        except NotFromPortal:
            return "156", None
        if element is None or schema_faults(element):
            return "156", None
        return None, element

    def _receive(self, element: etree._Element, fault: FaultKind | None) -> str:
        found = element.findall(f"{_N}guias/{_N}TDadosGNRE")
        if len(found) > MOST_GUIDES:
            return _receipt("153")
        failed = fault is FaultKind.BATCH_FAILED
        answers = [] if failed else [self._issue(each, fault) for each in found]
        pending = fault in {FaultKind.UNREACHED, FaultKind.PENDING}
        code = "404" if failed else "403" if pending or any("<motivo>" in a for a in answers) else "402"
        return self._taken(Batch(answers, self.looks, code))

    def _receive_questions(self, element: etree._Element, fault: FaultKind | None) -> str:
        found = element.findall(f"{_N}consulta")
        if len(found) > MOST_QUESTIONS:
            return _receipt("199")
        return self._taken(Batch([a for each in found for a in self._found(each)], self.looks))

    def _taken(self, batch: Batch) -> str:
        self.serial += 1
        number = f"{self.now():%y%m}{self.serial:010d}"
        self.batches[number] = batch
        return _receipt("100", number, self.now())

    def _issue(self, guide: etree._Element, fault: FaultKind | None) -> str:
        """The guide's part of the result."""
        said = _inside(guide)
        found: list[Motive] = motives(guide, self.now().astimezone(BRASILIA).date())
        if found:
            return _guide("1", said, _motives(found))
        if fault is FaultKind.UNREACHED:
            return _guide("3", said, _motives([("703", "", "Falha na comunicação com a UF")]))
        region, revenue = _t(guide, "ufFavorecida"), _t(guide, "itensGNRE/item/receita")
        self.serial += 1
        digits = barcode(amount(guide), self.serial)
        pix = pix_text(digits, amount(guide)) if rules_of(region, revenue).pix else ""
        until = f"<dataLimitePagamento>{_t(guide, 'dataPagamento')}</dataLimitePagamento><nossoNumero>{self.serial:016d}</nossoNumero>"
        paid = f"<linhaDigitavel>{line_of(digits)}</linhaDigitavel><codigoBarras>{digits}</codigoBarras>{pix}"
        issuer = _t(guide, "contribuinteEmitente/identificacao/CNPJ") or _t(
            guide, "contribuinteEmitente/identificacao/IE"
        )
        document, identifier = _t(guide, "itensGNRE/item/documentoOrigem"), _t(guide, "identificadorGuia")
        answer = _guide("0", said, until + paid)
        self.guides.append(Issued(issuer, region, document, identifier, answer))
        if fault is FaultKind.PENDING:
            return _guide("4", said, _motives([("707", "", "Serão feitas novas tentativas de processamento.")]))
        return answer

    def _found(self, question: etree._Element) -> list[str]:
        who = _t(question, "emitenteId/CNPJ") or _t(question, "emitenteId/IE")
        region, document, name = _t(question, "uf"), _t(question, "docOrigem"), _t(question, "idConsulta")
        found = [g for g in self.guides if (g.issuer, g.region, g.document) == (who, region, document)]
        label = f"<idConsulta>{name}</idConsulta>" if name else ""
        if not found:
            said = f"<ufFavorecida>{region}</ufFavorecida><tipoGnre>0</tipoGnre><valorGNRE>0</valorGNRE>"
            return [_guide("1", said, label + _motives([("709", "", "Guia não localizada")]))]
        return [g.answer.replace("</guia>", f"{_paid(g)}{label}</guia>") for g in found]

    def _result(self, element: etree._Element, fault: FaultKind | None) -> str:
        number = _t(element, "numeroRecibo")
        batch = self.batches.get(number)
        if batch is None:
            return _result(number, "404", "")
        if batch.looks > 0:
            batch.looks -= 1
            return _result(number, "401", "")
        done = [self._settled(g) for g in batch.guides] if batch.code == "403" else batch.guides
        sheets = _sheets(batch.guides) if _t(element, "incluirPDFGuias") == "S" else ""
        answer = _result(number, batch.code, "".join(batch.guides) + sheets)
        batch.guides = done
        return answer

    def _settled(self, guide: str) -> str:
        """What was pending is done the next time it is asked for."""
        if "<situacaoGuia>4<" not in guide:
            return guide
        name = re.search(r"<identificadorGuia>(\d+)<", guide)
        return next((g.answer for g in reversed(self.guides) if name and g.identifier == name[1]), guide)

    def _config(self, element: etree._Element, fault: FaultKind | None) -> str:
        return config_answer(_t(element, "ambiente"), _t(element, "uf"), _t(element, "receita") or None)

    # -------------------------------------------------------------- control
    def control(self, what: str, body: bytes) -> bytes:
        """`faults` add, `reset` end them, `pay` {"identifier"} pays a guide, `guides` read back, `calls` count."""
        given = orjson.loads(body) if body else {}
        if what == "faults":
            self.faults.append(Fault(**{**given, "kind": FaultKind(given["kind"])}))
        elif what == "reset":
            self.faults.clear()
        elif what == "pay":
            self.pay(str(given["identifier"]))
        elif what == "calls":
            return orjson.dumps(self.calls)
        return orjson.dumps([{"identifier": g.identifier, "region": g.region, "paid": g.paid} for g in self.guides])

    def pay(self, identifier: str) -> None:
        for guide in self.guides:
            if guide.identifier == identifier:
                guide.paid = self.now()


def _t(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()


def _receipt(code: str, number: str = "", at: datetime | None = None) -> str:
    taken = (
        f"<recibo><numero>{number}</numero><dataHoraRecibo>{at:%Y-%m-%d %H:%M:%S}</dataHoraRecibo>"
        "<tempoEstimadoProc>1000</tempoEstimadoProc></recibo>"
        if at is not None
        else ""
    )
    said = f"<codigo>{code}</codigo><descricao>{_WORDS[code]}</descricao>"
    return f'<TRetLote_GNRE xmlns="{GNRE}"><ambiente>2</ambiente><situacaoRecepcao>{said}</situacaoRecepcao>{taken}</TRetLote_GNRE>'


def _result(number: str, code: str, guides: str) -> str:
    receipt = f"<numeroRecibo>{number}</numeroRecibo>" if re.fullmatch(r"\d{14}", number) else ""
    said = f"<codigo>{code}</codigo><descricao>{_WORDS[code]}</descricao>"
    inside = f"<resultado>{guides}</resultado>" if guides else ""
    return (
        f'<TResultLote_GNRE xmlns="{GNRE}"><ambiente>2</ambiente>{receipt}<situacaoProcess>{said}</situacaoProcess>{inside}'
        "</TResultLote_GNRE>"
    )


def _sheets(guides: Sequence[str]) -> str:
    """PdfGuias: what was issued, printed."""
    lines = [m for g in guides for m in re.findall(r"<(?:linhaDigitavel|nossoNumero|ufFavorecida)>([^<]+)<", g)]
    return f"<pdfGuias>{b64encode(sheet(['GNRE', *lines])).decode()}</pdfGuias>" if lines else ""


def _guide(situation: str, said: str, rest: str) -> str:
    return f'<guia versao="2.00"><situacaoGuia>{situation}</situacaoGuia>{said}{rest}</guia>'


def _inside(guide: etree._Element) -> str:
    """The guide's own elements again, without their namespace declarations."""
    text = "".join(etree.tostring(each, encoding="unicode", with_tail=False) for each in guide)
    return re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)


def _motives(found: list[Motive]) -> str:
    each = "".join(
        f"<motivo><codigo>{code}</codigo><descricao>{words}</descricao>{f'<campo>{at[:30]}</campo>' if at else ''}</motivo>"
        for code, at, words in found
    )
    return f"<motivosRejeicao>{each}</motivosRejeicao>"


def _paid(guide: Issued) -> str:
    return (
        f"<dadosPagamento><data>{guide.paid:%Y-%m-%d %H:%M:%S}</data><banco>001</banco></dadosPagamento>"
        if guide.paid
        else ""
    )


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _answer(send: Send, status: int, body: bytes, media: bytes) -> None:
    headers = [(b"content-type", media), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
