"""nfeProc: a signed note and the authority's protocol as the one document that is handed on and kept for years."""

from __future__ import annotations

NFE = b"http://www.portalfiscal.inf.br/nfe"


def processed(signed: bytes, protocol: bytes) -> bytes:
    """Both byte for byte: a note that is written anew has another digest."""
    return b'<nfeProc xmlns="' + NFE + b'" versao="4.00">' + signed + protocol + b"</nfeProc>"
