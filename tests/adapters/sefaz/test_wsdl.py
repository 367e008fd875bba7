"""Our envelopes and the simulator's answers parse with the official service descriptions (as nfelib carries them)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from zeep import Client
from zeep.transports import Transport

from adapters.sefaz.soap import SERVICES, WSDL, media_type, parse, wrap, wrap_answer

FILES = {
    "NFeAutorizacao4": "nfeautorizacao4.wsdl",
    "NFeRetAutorizacao4": "nferetautorizacao4.wsdl",
    "NFeConsultaProtocolo4": "nfeconsulta4.wsdl",
    "NFeStatusServico4": "nfestatusservico4.wsdl",
    "NFeInutilizacao4": "nfeinutilizacao4.wsdl",
    "NFeRecepcaoEvento4": "recepcaoevento4.wsdl",
    "NFeDistribuicaoDFe": "nfedistribuicaodfe.wsdl",
}


def operation(service: str) -> tuple[Any, Any]:
    """(types, operation of the SOAP 1.2 binding)."""
    spec = find_spec("nfelib")
    assert spec is not None
    assert spec.origin is not None
    transport = Transport()
    client = Client(str(Path(spec.origin).parent / "nfe" / "wsdl" / "v4_0" / FILES[service]), transport=transport)
    transport.session.close()
    bindings = [each for each in client.wsdl.bindings.values() if type(each).__name__ == "Soap12Binding"]
    return client.wsdl.types, bindings[0].get(SERVICES[service].operation)


def inside(envelope: bytes) -> etree._Element:
    return parse(envelope)[0][0]


@pytest.mark.parametrize("service", FILES)
def test_our_message_is_the_one_described(service: str) -> None:
    types, described = operation(service)
    message = inside(
        wrap(service, f'<{SERVICES[service].message} xmlns="urn:x">1</{SERVICES[service].message}>'.encode())
    )
    assert described.soapaction == f"{WSDL}{service}/{SERVICES[service].operation}"
    assert f'action="{described.soapaction}"' in media_type(service)
    body = described.input.body
    assert body.qname == etree.QName(message)
    assert SERVICES[service].message in str(body.parse(message, types))


@pytest.mark.parametrize("service", FILES)
def test_the_answer_is_the_one_described(service: str) -> None:
    types, described = operation(service)
    message = inside(
        wrap_answer(service, f'<{SERVICES[service].answer} xmlns="urn:x">1</{SERVICES[service].answer}>'.encode())
    )
    body = described.output.body
    assert body.qname == etree.QName(message)
    assert SERVICES[service].answer in str(body.parse(message, types))
