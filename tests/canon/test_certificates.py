"""Certificates: what must be true before one signs or opens a connection, and that no key leaves memory in the clear."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.x509 import load_pem_x509_certificate

from hub.canon.certificates import (
    CertificateRefused,
    Identity,
    check_certificate,
    cnpj_of,
    ends_within,
    open_pkcs12,
    trusted,
)
from hub.canon.trialcerts import make_root, pfx, self_made
from hub.kit.mtls import certificate_file, client_context
from tests.adapters.sefaz.notes import identity, trial_root
from tests.shared import shared_path

CNPJ = "11222333000181"


def test_a_container_opens_with_its_password_only() -> None:
    container = pfx(identity(), "segredo")
    opened = open_pkcs12(container, "segredo")
    assert opened.certificate == identity().certificate
    assert opened.chain == (trial_root().certificate,)
    for wrong in ((container, "other"), (b"no container", "segredo"), (b"", "")):
        with pytest.raises(CertificateRefused):
            open_pkcs12(*wrong)


@pytest.mark.parametrize("cnpj", [CNPJ, "12ABC34501DE35"])
def test_the_holder_is_read_from_the_alternative_names(cnpj: str) -> None:
    assert cnpj_of(identity(cnpj).certificate) == cnpj


def test_a_server_has_no_holder() -> None:
    assert cnpj_of(trial_root().issue_server("localhost", now=datetime.now(UTC)).certificate) is None


def test_the_holders_base_must_be_the_issuers() -> None:
    now = datetime.now(UTC)
    check_certificate(identity(), issuer="11222333000262", at=now)
    with pytest.raises(CertificateRefused, match="another company"):
        check_certificate(identity(), issuer="12ABC34501DE35", at=now)


def test_validity_is_judged_at_the_moment_of_signing() -> None:
    for at in (datetime.now(UTC) + timedelta(days=400), datetime.now(UTC) - timedelta(days=3)):
        with pytest.raises(CertificateRefused, match="valid"):
            check_certificate(identity(), issuer=CNPJ, at=at)


def test_a_server_certificate_identifies_no_client() -> None:
    server = trial_root().issue_server("localhost", now=datetime.now(UTC))
    with pytest.raises(CertificateRefused):
        check_certificate(server, issuer=CNPJ, at=datetime.now(UTC))


def test_the_chain_must_end_in_a_root_that_we_trust() -> None:
    now, stranger = datetime.now(UTC), make_root(datetime.now(UTC))
    check_certificate(identity(), issuer=CNPJ, at=now, roots=(trial_root().certificate,))
    with pytest.raises(CertificateRefused, match="trusted root"):
        check_certificate(identity(), issuer=CNPJ, at=now, roots=(stranger.certificate,))
    own = self_made(CNPJ, "Loja", now=now).certificate
    assert trusted(own, (), (own,), now)
    assert not trusted(own, (), (stranger.certificate,), now)


@pytest.mark.parametrize(("days", "warned"), [(200, None), (30, 30), (8, 30), (7, 7), (1, 1), (0, 1)])
def test_the_end_is_announced(days: int, warned: int | None) -> None:
    certificate = identity().certificate
    ends = certificate.not_valid_after_utc
    assert ends_within(ends, ends - timedelta(days=days)) == warned


def test_the_key_is_encrypted_where_openssl_reads_it() -> None:
    with certificate_file(identity().pem("once")) as path, open(path, "rb") as file:  # noqa: PTH123 - a descriptor's path
        pem = file.read()
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in pem
    assert b"BEGIN PRIVATE KEY" not in pem
    assert load_pem_x509_certificate(pem) == identity().certificate


def test_the_context_trusts_what_is_configured_and_nothing_older_than_tls_12() -> None:
    context = client_context(identity(), trial_root().pem.decode())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_keys_do_not_show_themselves() -> None:
    shown = repr(identity())
    assert isinstance(identity(), Identity)
    assert "PrivateKey" not in shown


def test_certificates_of_the_samples_are_read() -> None:
    from adapters.sefaz.sign import verify
    from adapters.sefaz.soap import parse

    found = verify(parse(shared_path("samples/fiscal/signed/gen_signed_valid.xml").read_bytes()))
    assert found.certificate is not None
