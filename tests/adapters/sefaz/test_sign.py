"""What we sign is accepted by a stranger's verifier; what was changed afterwards is not."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode
from hashlib import sha1
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from adapters.sefaz.sign import NothingToSign, c14n, digest_of, sign, verify
from adapters.sefaz.soap import parse
from adapters.sefaz.write import write_invoice
from tests.adapters.sefaz.notes import identity, sale
from tests.shared import shared_path


def signed_note() -> bytes:
    return sign(write_invoice(sale(2)).xml, identity().key)


def test_our_signature_is_valid() -> None:
    found = verify(parse(signed_note()))
    assert found.verdict == "valid"
    assert found.certificate == identity().certificate


def test_signxml_agrees() -> None:
    verifier = XMLVerifier()
    verifier.excise_empty_xmlns_declarations = True
    config = SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA1}), digest_algorithms=frozenset({DigestAlgorithm.SHA1})
    )
    pem = identity().certificate.public_bytes(Encoding.PEM).decode()
    found = verifier.verify(signed_note(), x509_cert=pem, id_attribute="Id", expect_config=config)
    assert found.signed_xml is not None
    assert found.signed_xml.tag == "{http://www.portalfiscal.inf.br/nfe}infNFe"


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_xmlsec_agrees(tmp_path: Path) -> None:
    note, certificate = tmp_path / "note.xml", tmp_path / "cert.pem"
    note.write_bytes(signed_note())
    certificate.write_bytes(identity().certificate.public_bytes(Encoding.PEM))
    command = ["xmlsec1", "--verify", "--id-attr:Id", "infNFe", "--trusted-pem", str(certificate), str(note)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own files


def test_the_digest_of_the_slice_is_the_digest_of_its_canonical_form() -> None:
    note = signed_note()
    element = parse(note)[0]
    assert b64decode(digest_of(note)) == sha1(c14n(element), usedforsecurity=False).digest()


def test_one_character_changed_is_noticed() -> None:
    note = signed_note()
    assert verify(parse(note.replace(b"<natOp>Venda", b"<natOp>Vendb"))).verdict == "invalid"


def test_a_value_of_another_key_is_noticed() -> None:
    mine, other = signed_note(), sign(write_invoice(sale(2)).xml, identity("12ABC34501DE35").key)
    cut = b"<X509Certificate>"
    mixed = mine[: mine.index(cut)] + other[other.index(cut) :]
    found = verify(parse(mixed))
    assert (found.verdict, found.digest_agrees, found.form) == ("invalid", True, True)


def test_other_algorithms_are_not_accepted() -> None:
    note = signed_note().replace(b"xmldsig#sha1", b"xmlenc#sha256")
    assert (verify(parse(note)).verdict, verify(parse(note)).form) == ("invalid", False)


def test_a_note_without_signature_says_so() -> None:
    assert verify(parse(write_invoice(sale()).xml)).verdict == "absent"


def test_a_document_without_the_element_cannot_be_signed() -> None:
    with pytest.raises(NothingToSign):
        sign(b'<NFe xmlns="http://www.portalfiscal.inf.br/nfe"></NFe>', identity().key)


def test_a_note_verifies_inside_foreign_namespaces() -> None:
    wrapped = b'<a:x xmlns:a="urn:a" xmlns:b="urn:b" b:c="1">' + signed_note() + b"</a:x>"
    assert verify(parse(wrapped)[0]).verdict == "valid"


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("gen_signed_valid", "valid"), ("gen_signed_entities", "valid"), ("gen_tampered_after_signing", "invalid"), ("gen_reformatted_after_signing", "invalid")],
)  # fmt: skip
def test_shared_samples(name: str, verdict: str) -> None:
    root = etree.parse(shared_path(f"samples/fiscal/signed/{name}.xml")).getroot()
    assert verify(root).verdict == verdict
