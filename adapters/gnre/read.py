"""Answers of the portal in our words: receipts, results, guides, rules of a UF. Believes payment data only when they agree with one another."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from adapters.gnre.soap import GNRE, NotFromPortal, unwrap
from hub.canon.guide import GuideField, GuidePayment, GuideRules

_N = f"{{{GNRE}}}"
FIELD_OF_LINE, LINE_FIELDS = 12, 4  # linhaDigitavel: four fields of eleven digits and a check digit each


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """TRetLote_GNRE. `wait` in milliseconds."""

    environment: str | None
    code: str
    message: str
    number: str | None = None
    wait: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Motive:
    """Why a guide was refused."""

    code: str
    message: str
    field: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """guia of a result. `situation`: 0 done, 1 refused by the portal, 2 by the UF, 3 not reached, 4 pending."""

    situation: str
    identifier: str | None
    question: str | None  # idConsulta, in the results of questions
    region: str | None
    payment: GuidePayment
    documents: tuple[tuple[str, str], ...]
    paid_on: date | None
    motives: tuple[Motive, ...]
    agrees: bool  # line and bar code are the same digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """TResultLote_GNRE."""

    environment: str | None
    code: str
    message: str
    receipt: str | None
    guides: tuple[Guide, ...]
    sheet: bytes | None = None  # PDF of the guides of the batch, where it was asked for

    def guide(self, identifier: str) -> Guide | None:
        """Ours: by its own identifier, else by that of the question. One with another identifier is another guide of the document."""
        return next((g for g in self.guides if identifier == (g.identifier or g.question)), None)


def read_receipt(body: bytes) -> Receipt:
    element = unwrap(body, "TRetLote_GNRE")
    code = _required(element, "situacaoRecepcao/codigo")
    wait = _text(element, "recibo/tempoEstimadoProc")
    return Receipt(
        environment=_text(element, "ambiente"),
        code=code,
        message=_text(element, "situacaoRecepcao/descricao") or "",
        number=_text(element, "recibo/numero"),
        wait=int(wait) if wait and wait.isdigit() else None,
    )


def read_result(body: bytes) -> Result:
    element = unwrap(body, "TResultLote_GNRE")
    return Result(
        environment=_text(element, "ambiente"),
        code=_required(element, "situacaoProcess/codigo"),
        message=_text(element, "situacaoProcess/descricao") or "",
        receipt=_text(element, "numeroRecibo"),
        guides=tuple(_guide(each) for each in element.iterfind(f"{_N}resultado/{_N}guia")),
        sheet=_sheet(_text(element, "resultado/pdfGuias")),
    )


def _sheet(text: str | None) -> bytes | None:
    """What is no PDF is left out: the guide is good without it."""
    try:
        found = b64decode("".join((text or "").split()), validate=True)
    except binascii.Error:
        return None
    return found if found.startswith(b"%PDF-") else None


def _guide(element: etree._Element) -> Guide:
    line, barcode = _text(element, "linhaDigitavel"), _text(element, "codigoBarras")
    origins = element.iterfind(f"{_N}itensGNRE/{_N}item/{_N}documentoOrigem")
    motives = element.iterfind(f"{_N}motivosRejeicao/{_N}motivo")
    return Guide(
        situation=_required(element, "situacaoGuia"),
        identifier=_text(element, "identificadorGuia"),
        question=_text(element, "idConsulta"),
        region=_text(element, "ufFavorecida"),
        payment=GuidePayment(
            line=line,
            barcode=barcode,
            pix=_text(element, "qrcodePayload"),
            control=_text(element, "nossoNumero"),
            pay_until=_day(_text(element, "dataLimitePagamento")),
            total=_money(_text(element, "valorGNRE")),
        ),
        documents=tuple((each.get("tipo") or "", (each.text or "").strip()) for each in origins),
        paid_on=_day(_text(element, "dadosPagamento/data")),
        motives=tuple(
            Motive(code=_text(each, "codigo") or "", message=_text(each, "descricao") or "", field=_text(each, "campo"))
            for each in motives
        ),
        agrees=line is None or barcode is None or barcode_of(line) == barcode,
    )


def barcode_of(line: str) -> str:
    """The 44 digits of the bar code in a linhaDigitavel: each field without its check digit."""
    return "".join(line[n * FIELD_OF_LINE : (n + 1) * FIELD_OF_LINE - 1] for n in range(LINE_FIELDS))


def read_rules(body: bytes, region: str, revenue: str) -> tuple[str, str, str | None, GuideRules]:
    """(code, message, environment, rules). A UF that does not list the revenue does not offer it."""
    element = unwrap(body, "TConfigUf")
    code = _required(element, "situacaoConsulta/codigo")
    found = next((e for e in element.iterfind(f"{_N}receitas/{_N}receita") if e.get("codigo") == revenue), None)
    message, environment = _text(element, "situacaoConsulta/descricao") or "", _text(element, "ambiente")
    if found is None:
        return code, message, environment, GuideRules(region=region, revenue=revenue, offered=False)
    rules = GuideRules(
        region=region,
        revenue=revenue,
        detail=_yes(found, "exigeDetalhamentoReceita"),
        details=_codes(found, "detalhamentosReceita/detalhamentoReceita"),
        product=_yes(found, "exigeProduto"),
        products=_codes(found, "produtos/produto"),
        reference=_yes(found, "exigePeriodoReferencia"),
        periods=_codes(found, "periodosApuracao/periodoApuracao"),
        value=_text(found, "valorExigido") or "P",
        document=_yes(found, "exigeDocumentoOrigem"),
        document_types=_codes(found, "tiposDocumentosOrigem/tipoDocumentoOrigem"),
        recipient=_yes(found, "exigeContribuinteDestinatario"),
        due=_yes(found, "exigeDataVencimento", absent=True),
        pay_by=_yes(found, "exigeDataPagamento", absent=True),
        agreement=_text(found, "exigeConvenio") or "N",
        fcp=_text(found, "exigeValorFecp") or "N",
        fields=_fields(found) if _yes(found, "exigeCamposAdicionais") else (),
        pix=_yes(found, "aceitaPgPix"),
        most_guides=_count(element, "qtdMaximas/guiasPorLote"),
        most_items=_count(element, "qtdMaximas/itensPorGuia"),
    )
    return code, message, environment, rules


def _fields(element: etree._Element) -> tuple[GuideField, ...]:
    return tuple(
        GuideField(
            code=_text(each, "codigo") or "",
            title=_text(each, "titulo") or "",
            kind=_text(each, "tipo") or "T",
            required=_text(each, "obrigatorio") == "S",
        )
        for each in element.iterfind(f"{_N}camposAdicionais/{_N}campoAdicional")
    )


def _codes(element: etree._Element, path: str) -> tuple[str, ...]:
    found = element.iterfind("/".join(_N + step for step in path.split("/")))
    return tuple(code for each in found if (code := _text(each, "codigo")))


def _yes(element: etree._Element, name: str, *, absent: bool = False) -> bool:
    text = _text(element, name)
    return absent if text is None else text == "S"


def _count(element: etree._Element, path: str) -> int | None:
    text = _text(element, path)
    return int(text) if text and text.isdigit() else None


def _required(element: etree._Element, path: str) -> str:
    text = _text(element, path)
    if text is None:
        raise NotFromPortal(reason=f"{etree.QName(element).localname} without {path}")
    return text


def _text(element: etree._Element, path: str) -> str | None:
    text = element.findtext("/".join(_N + step for step in path.split("/")))
    return text.strip() or None if text is not None else None


def _day(text: str | None) -> date | None:
    try:
        return datetime.fromisoformat(text).date() if text else None
    except ValueError:
        return None


def _money(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
