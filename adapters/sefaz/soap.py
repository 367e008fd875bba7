"""SOAP 1.2 around the messages of the authorities: constant bytes outside, ours verbatim inside; answers unwrapped. Parses without DTD and network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from lxml import etree

from hub.kit.errors import HubError

WSDL = "http://www.portalfiscal.inf.br/nfe/wsdl/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
LARGEST = 10 * 1024 * 1024  # bytes of a document that we agree to parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str
    operation: str
    message: str  # root of what is sent
    answer: str  # root of what comes back


_ALL = (
    Service(name="NFeAutorizacao4", operation="nfeAutorizacaoLote", message="enviNFe", answer="retEnviNFe"),
    Service(
        name="NFeRetAutorizacao4", operation="nfeRetAutorizacaoLote", message="consReciNFe", answer="retConsReciNFe"
    ),
    Service(name="NFeConsultaProtocolo4", operation="nfeConsultaNF", message="consSitNFe", answer="retConsSitNFe"),
    Service(name="NFeStatusServico4", operation="nfeStatusServicoNF", message="consStatServ", answer="retConsStatServ"),
    Service(name="NFeInutilizacao4", operation="nfeInutilizacaoNF", message="inutNFe", answer="retInutNFe"),
    Service(name="NFeRecepcaoEvento4", operation="nfeRecepcaoEvento", message="envEvento", answer="retEnvEvento"),
    Service(name="NFeDistribuicaoDFe", operation="nfeDistDFeInteresse", message="distDFeInt", answer="retDistDFeInt"),
    Service(name="CadConsultaCadastro4", operation="consultaCadastro", message="ConsCad", answer="retConsCad"),
)
SERVICES: Mapping[str, Service] = {service.name: service for service in _ALL}
_DISTRIBUTION = "NFeDistribuicaoDFe"  # the one whose message has a wrapper of its own


_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class NotXml(HubError):
    """This is no XML document that can be read: {reason}."""

    code: ClassVar[str] = "NOT_XML"


class NotAnAnswer(HubError):
    """This is no answer of an authority: {reason}."""

    code: ClassVar[str] = "NOT_AN_ANSWER"


def parse(body: bytes) -> etree._Element:
    """The root; `NotXml` for broken, oversized or DTD-bearing input."""
    if len(body) > LARGEST:
        raise NotXml(reason="more than 10 MB")
    try:
        root = etree.fromstring(body, _PARSER)
    except etree.XMLSyntaxError as error:
        raise NotXml(reason=f"line {error.lineno}: {error.msg}") from error
    except ValueError as error:  # bytes in an encoding that the declaration denies
        raise NotXml(reason=str(error)) from error
    tree: Any = root.getroottree()
    if tree.docinfo.doctype:
        raise NotXml(reason="it has a document type definition")
    return root


def media_type(service: str) -> str:
    return f'application/soap+xml; charset=utf-8; action="{WSDL}{service}/{SERVICES[service].operation}"'


def wrap(service: str, message: bytes) -> bytes:
    """The envelope of one message; `message` goes in byte for byte."""
    space = WSDL + service
    begins, ends = f'<nfeDadosMsg xmlns="{space}">', "</nfeDadosMsg>"
    if service == _DISTRIBUTION:
        operation = SERVICES[service].operation
        begins, ends = f'<{operation} xmlns="{space}"><nfeDadosMsg>', f"</nfeDadosMsg></{operation}>"
    return b"".join(
        (
            f'<soap12:Envelope xmlns:soap12="{SOAP_12}"><soap12:Body>{begins}'.encode(),
            message,
            f"{ends}</soap12:Body></soap12:Envelope>".encode(),
        )
    )


def wrap_answer(service: str, answer: bytes, soap: str = SOAP_12) -> bytes:
    """What an authority sends back."""
    space = WSDL + service
    begins, ends = f'<nfeResultMsg xmlns="{space}">', "</nfeResultMsg>"
    if service == _DISTRIBUTION:
        begins = f'<nfeDistDFeInteresseResponse xmlns="{space}"><nfeDistDFeInteresseResult>'
        ends = "</nfeDistDFeInteresseResult></nfeDistDFeInteresseResponse>"
    return b"".join(
        (
            f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{soap}"><soap:Body>{begins}'.encode(),
            answer,
            f"{ends}</soap:Body></soap:Envelope>".encode(),
        )
    )


def inner(root: etree._Element) -> etree._Element | None:
    """The first element that is no wrapper: stepped through Envelope, Body and everything in a `wsdl` namespace. None: only wrappers."""
    current: etree._Element | None = root
    while current is not None and is_wrapper(current):
        current = next((each for each in _children(current) if etree.QName(each).localname != "Header"), None)
    return current


def is_wrapper(element: etree._Element) -> bool:
    name = etree.QName(element)
    return (
        name.namespace in {SOAP_11, SOAP_12} or (name.namespace or "").startswith(WSDL) or name.localname in _WRAPPERS
    )


_WRAPPERS = frozenset({"nfeDadosMsg", "nfeResultMsg"})


def _children(element: etree._Element) -> list[etree._Element]:
    return [each for each in element if isinstance(each.tag, str)]


def unwrap(body: bytes, answer: str) -> etree._Element:
    """The element of that name in an answer; `NotAnAnswer` for HTML, faults, other documents, broken XML."""
    try:
        found = inner(parse(body))
    except NotXml as error:
        raise NotAnAnswer(reason=error.sentence()) from error
    if found is None or etree.QName(found).localname != answer:
        name = "nothing" if found is None else etree.QName(found).localname
        raise NotAnAnswer(reason=f"{name} instead of {answer}")
    return found
