"""What strangers send as signatures, envelopes and packed bytes: each of it is one of the refusals that callers expect, never another error."""

from __future__ import annotations

import zlib

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from adapters.as2 import ber, cms
from tests.as2_side import person

US = person("us")
KEYS = [(US.key, US.certificate)]
KINDS = {"signed": cms.SIGNED, "enveloped": cms.ENVELOPED, "compressed": cms.COMPRESSED}


def seq(*parts: bytes) -> bytes:
    return ber.write(ber.SEQUENCE, *parts)


def content(kind: str, *body: bytes) -> bytes:
    return seq(ber.oid_bytes(KINDS[kind]), *body)


ODD = {
    "nothing": b"",
    "one value": seq(b"\x05\x00"),
    "a kind alone": content("signed"),
    "an identifier that does not end": seq(b"\x06\x01\x80", b"\x05\x00"),
    "an identifier without end": seq(ber.write(ber.OID, b"\xff" * 200_000 + b"\x01"), b"\x05\x00"),
    **{f"an empty {k}": content(k, ber.write(0xA0, seq())) for k in KINDS},
    **{f"a {k} of one": content(k, ber.write(0xA0, seq(b"\x05\x00"))) for k in KINDS},
    "a signer of three names": content(
        "signed",
        ber.write(0xA0, seq(ber.write(ber.SET, seq(b"\x02\x01\x01", seq(b"\x05\x00", b"\x05\x00", b"\x05\x00"))))),
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_oddly_built_is_refused_in_the_words_that_callers_know(what: str) -> None:
    with pytest.raises(cms.NotSigned):
        cms.verify(b"", ODD[what], [US.certificate])
    with pytest.raises(cms.NotForUs):
        cms.decrypt(ODD[what], KEYS)
    with pytest.raises(ber.BadEncoding):
        cms.decompress(ODD[what])


def test_an_identifier_has_no_more_bytes_than_any_real_one() -> None:
    assert ber.read(ber.oid_bytes(cms.COMPRESSED)).oid() == cms.COMPRESSED
    with pytest.raises(ber.BadEncoding):
        ber.read(ber.write(ber.OID, b"\x2a" + b"\x81" * ber.LONGEST_OID + b"\x01")).oid()


def test_a_key_sealed_with_an_unknown_digest_is_not_for_us() -> None:
    """OAEP with MD5 (1.2.840.113549.2.5), which nobody should use."""
    named = ber.write(0xA0, seq(ber.oid_bytes("1.2.840.113549.2.5")))
    with pytest.raises(cms.NotForUs, match="digest"):
        cms._padding([ber.read(ber.oid_bytes(cms.OAEP)), ber.read(seq(named))])
    good = cms._padding([ber.read(ber.oid_bytes(cms.OAEP)), ber.read(seq())])
    assert isinstance(good, padding.OAEP)


def packed(raw: bytes) -> bytes:
    algorithm = seq(ber.oid_bytes(cms.ZLIB))
    inner = seq(ber.oid_bytes(cms.DATA), ber.write(0xA0, ber.write(ber.OCTETS, raw)))
    return content("compressed", ber.write(0xA0, seq(ber.write(ber.INTEGER, b"\0"), algorithm, inner)))


def test_packed_bytes_that_are_cut_off_are_refused_and_not_taken_for_the_whole() -> None:
    text = b"".join(b"PO1*%d*2*EA*9.90~" % n for n in range(500))
    whole = zlib.compress(text)
    assert cms.decompress(packed(whole)) == text
    for size in (len(whole) - 1, len(whole) // 2, 3):
        with pytest.raises(ber.BadEncoding):
            cms.decompress(packed(whole[:size]))
