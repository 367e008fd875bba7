"""SOAP 1.2 around the portal's messages: a header that names the version, ours verbatim inside, answers unwrapped. Parses without DTD and network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from lxml import etree

from hub.kit.errors import HubError

GNRE = "http://www.gnre.pe.gov.br"
WEBSERVICE = f"{GNRE}/webservice/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
LARGEST = 10 * 1024 * 1024  # bytes of an answer that we agree to parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`version` goes into the header; `message` and `answer` are roots in the namespace `GNRE`."""

    name: str
    operation: str
    version: str
    message: str
    answer: str


_ALL = (
    Service(
        name="GnreLoteRecepcao", operation="processar", version="2.00", message="TLote_GNRE", answer="TRetLote_GNRE"
    ),
    Service(
        name="GnreResultadoLote",
        operation="consultar",
        version="1.00",
        message="TConsLote_GNRE",
        answer="TResultLote_GNRE",
    ),
    Service(
        name="GnreConfigUF", operation="consultar", version="1.00", message="TConsultaConfigUf", answer="TConfigUf"
    ),
    Service(
        name="GnreLoteRecepcaoConsulta",
        operation="processar",
        version="2.00",
        message="TLote_ConsultaGNRE",
        answer="TRetLote_GNRE",
    ),
    Service(
        name="GnreResultadoLoteConsulta",
        operation="consultar",
        version="1.00",
        message="TConsLote_GNRE",
        answer="TResultLote_GNRE",
    ),
)
SERVICES: Mapping[str, Service] = {service.name: service for service in _ALL}


class NotFromPortal(HubError):
    """This is no answer of the GNRE portal: {reason}."""

    code: ClassVar[str] = "NOT_FROM_PORTAL"


def media_type(service: str) -> str:
    return f'application/soap+xml; charset=utf-8; action="{WEBSERVICE}{service}/{SERVICES[service].operation}"'


def wrap(service: str, message: bytes, header: str) -> bytes:
    """The envelope of one message. `header`: `operation` or `service` chooses the header's namespace."""
    known = SERVICES[service]
    space = f"{GNRE}/wsdl/{known.operation}" if header == "operation" else f"{WEBSERVICE}{service}"
    return b"".join(
        (
            f'<soap12:Envelope xmlns:soap12="{SOAP_12}"><soap12:Header><gnreCabecMsg xmlns="{space}">'
            f"<versaoDados>{known.version}</versaoDados></gnreCabecMsg></soap12:Header><soap12:Body>"
            f'<gnreDadosMsg xmlns="{WEBSERVICE}{service}">'.encode(),
            message,
            b"</gnreDadosMsg></soap12:Body></soap12:Envelope>",
        )
    )


def wrap_answer(service: str, answer: bytes) -> bytes:
    """What the portal sends back."""
    return b"".join(
        (
            f'<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="{SOAP_12}"><soapenv:Body>'
            f'<gnreRespostaMsg xmlns="{WEBSERVICE}{service}">'.encode(),
            answer,
            b"</gnreRespostaMsg></soapenv:Body></soapenv:Envelope>",
        )
    )


def parse(body: bytes) -> etree._Element:
    """The root; `NotFromPortal` for broken, oversized or DTD-bearing input."""
    if len(body) > LARGEST:
        raise NotFromPortal(reason="more than 10 MB")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NotFromPortal(reason=f"line {error.lineno}: {error.msg}") from error
    except ValueError as error:
        raise NotFromPortal(reason=str(error)) from error
    tree: Any = root.getroottree()
    if tree.docinfo.doctype:
        raise NotFromPortal(reason="it has a document type definition")
    return root


def unwrap(body: bytes, answer: str) -> etree._Element:
    """The element of that name inside an envelope; `NotFromPortal` for HTML, faults, other documents, broken XML."""
    root = parse(body)
    found = next(root.iter(f"{{{GNRE}}}{answer}"), None)
    if found is None:
        raise NotFromPortal(reason=f"{etree.QName(root).localname} without {answer}")
    return found
