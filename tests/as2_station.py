"""Another AS2 implementation, run as a process of its own: standard library and the `openssl` program, nothing of the hub. It checks what
it gets as a partner's product does, and answers, sends and misbehaves on request. Directory: key.pem, cert.pem (its own), hub.pem (ours).

    as2_station.py serve DIR           listens, prints its port; each message becomes DIR/got-N.json and DIR/got-N.bin
    as2_station.py send DIR URL FILE OPTIONS-AS-JSON      sends a file, prints what came back as JSON
    as2_station.py receipt DIR URL MESSAGE-ID DIGEST      sends a positive receipt for a message, whatever it knows of it
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import http.server
import json
import re
import subprocess
import sys
import tempfile
import threading
import zlib
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Headers = dict[str, str]


def openssl(*given: str, data: bytes) -> bytes:
    done = subprocess.run(["openssl", "cms", *given], input=data, capture_output=True, check=False, timeout=60)  # noqa: S603, S607 - the system's own
    if done.returncode:
        raise ValueError(done.stderr.decode()[:500])
    return done.stdout


def first_part(entity: bytes, content_type: str) -> bytes:
    """The exact bytes of the first part of a multipart body."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    assert boundary is not None
    mark = b"--" + boundary.group(1).encode()
    start = entity.index(mark) + len(mark)
    start = entity.index(b"\n", start) + 1
    end = entity.index(b"\n" + mark, start)
    return entity[start : end - 1] if entity[end - 1 : end] == b"\r" else entity[start:end]


def head(fields: Headers) -> bytes:
    return "".join(f"{n}: {v}\r\n" for n, v in fields.items()).encode() + b"\r\n"


def mic(data: bytes, name: str = "sha256") -> str:
    return base64.b64encode(hashlib.new(name.replace("-", ""), data).digest()).decode()


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x84]) + size.to_bytes(4, "big")) + content


def compressed(entity: bytes) -> bytes:
    """CompressedData: many builds of openssl have no zlib."""
    data, algorithm, kind = (
        bytes.fromhex(x) for x in ("06092a864886f70d010701", "060b2a864886f70d0109100308", "060b2a864886f70d0109100109")
    )
    inner = der(0x30, data, der(0xA0, der(0x04, zlib.compress(entity))))
    return der(0x30, kind, der(0xA0, der(0x30, b"\x02\x01\x00", der(0x30, algorithm), inner)))


class Home:
    """The station's directory and what it can do with the keys there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own = ["-signer", str(folder / "cert.pem"), "-inkey", str(folder / "key.pem")]

    def sign(self, entity: bytes, digest: str = "sha256", *, crlf: bool = True) -> tuple[str, bytes]:
        """(content type, body) of a multipart/signed; its own lines end with LF alone where `crlf` is not set."""
        signature = openssl("-sign", "-binary", "-md", digest, *self.own, "-outform", "DER", data=entity)
        end = b"\r\n" if crlf else b"\n"
        packed = head({"Content-Type": "application/pkcs7-signature", "Content-Transfer-Encoding": "base64"})
        packed += base64.encodebytes(signature)
        mark = b"--s1" + end
        body = b"a multipart" + end + mark + entity + end + mark + packed.replace(b"\r\n", end) + end + b"--s1--" + end
        kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg="{digest}"; boundary="s1"'
        return kind, body

    def verified(self, content_type: str, body: bytes) -> bytes:
        """The signed bytes, if the hub signed them."""
        signed = first_part(body, content_type)
        packed = body[body.index(signed) + len(signed) :]
        encoded = re.split(rb"\r?\n\r?\n", packed, maxsplit=1)[1].split(b"\n--")[0]
        hub = str(self.folder / "hub.pem")
        trust = ["-CAfile", hub, "-certfile", hub, "-nointern", "-purpose", "any", "-partial_chain", "-no_check_time"]
        with tempfile.NamedTemporaryFile() as content:
            content.write(signed)
            content.flush()
            der = base64.b64decode(encoded)
            return openssl("-verify", "-binary", "-inform", "DER", "-content", content.name, *trust, data=der)

    def encrypt(self, entity: bytes, cipher: str, *more: str) -> bytes:
        to = ["-recip", str(self.folder / "hub.pem"), *more]
        return openssl("-encrypt", "-binary", f"-{cipher}", "-outform", "DER", *to, data=entity)

    def decrypt(self, sealed: bytes) -> bytes:
        with tempfile.NamedTemporaryFile() as opened:  # openssl on some systems stops at a zero byte of a pipe
            opened.write(sealed)
            opened.flush()
            keys = ["-recip", str(self.folder / "cert.pem"), "-inkey", str(self.folder / "key.pem")]
            return openssl("-decrypt", "-binary", "-inform", "DER", "-in", opened.name, *keys, data=b"")

    def report(self, message_id: str, digest: str, disposition: str = "processed", *, signed: bool = True) -> Any:
        """(content type, body) of a receipt."""
        fields = [
            "Reporting-UA: station",
            "Final-Recipient: rfc822; STATION",
            f"Original-Message-ID: {message_id}",
            f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
            f"Received-Content-MIC: {digest}",
        ]
        parts = [
            head({"Content-Type": "text/plain"}) + b"thank you\r\n",
            head({"Content-Type": "message/disposition-notification"}) + "\r\n".join(fields).encode() + b"\r\n",
        ]
        body = b"".join(b"--r1\r\n" + p + b"\r\n" for p in parts) + b"--r1--\r\n"
        kind = 'multipart/report; report-type=disposition-notification; boundary="r1"'
        return self.sign(head({"Content-Type": kind}) + body) if signed else (kind, body)


def split(entity: bytes) -> tuple[str, bytes]:
    found = re.search(rb"\r?\n\r?\n", entity)
    assert found is not None
    return str(message_from_bytes(entity[: found.end()])["Content-Type"]).replace("\n", "").replace("\r", ""), entity[
        found.end() :
    ]


class Receiving(http.server.BaseHTTPRequestHandler):
    """One POST is one message. `?mode=`: ok, mic, reject, unsigned, unsigned-reject, stranger, silent, broken, async."""

    protocol_version = "HTTP/1.1"
    home: Home
    lock = threading.Lock()
    count = 0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        return

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        mode = parse_qs(urlsplit(self.path).query).get("mode", ["ok"])[0]
        told: dict[str, Any] = {"headers": {k.lower(): v for k, v in self.headers.items()}, "layers": []}
        content, covered = b"", body
        try:
            content, covered = self._opened(self.headers["content-type"], body, told)
        except (ValueError, AssertionError) as error:
            told["error"] = str(error)
        with self.lock:
            Receiving.count += 1
            number = Receiving.count
        (self.home.folder / f"got-{number}.bin").write_bytes(content)
        (self.home.folder / f"got-{number}.json").write_text(json.dumps(told))
        self._answer(mode, covered, told)

    def _opened(self, kind: str, body: bytes, told: Any) -> tuple[bytes, bytes]:
        """(content, what the digest is over)."""
        covered = body
        while True:
            low = kind.lower()
            if "enveloped-data" in low:
                told["layers"].append("encrypted")
                kind, body = split(inner := self.home.decrypt(body))
                covered = inner
            elif "compressed-data" in low:
                told["layers"].append("compressed")
                inner = zlib.decompress(body[body.index(b"\x78\x9c") :])  # the octets are the last value
                kind, body = split(inner)
                covered = covered if "signed" in told["layers"] else inner
            elif low.startswith("multipart/signed"):
                told["layers"].append("signed")
                self.home.verified(kind, body)
                covered = first_part(body, kind)
                kind, body = split(covered)
            else:
                told["kind"] = kind
                return body, covered

    def _answer(self, mode: str, covered: bytes, told: Any) -> None:
        message_id, digest = self.headers["message-id"], f"{mic(covered)}, sha-256"
        if mode == "broken":
            self.connection.close()
            self.close_connection = True
            return
        if mode == "silent" or (mode == "async" and "receipt-delivery-option" not in told["headers"]):
            self._send("text/plain", b"")
            return
        if mode == "mic":
            digest = f"{mic(b'other bytes')}, sha-256"
        disposition = (
            "processed/error: decryption-failed" if mode.endswith("reject") or "error" in told else "processed"
        )
        kind, report = self.home.report(message_id, digest, disposition, signed=not mode.startswith("unsigned"))
        if mode == "async":
            self._send("text/plain", b"")
            post(told["headers"]["receipt-delivery-option"], kind, report, self.headers)
            return
        self._send(kind, report)

    def _send(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def post(url: str, kind: str, body: bytes, headers: Any) -> None:
    """A receipt on a connection of its own."""
    request(
        url, kind, body, {"AS2-From": headers["as2-to"], "AS2-To": headers["as2-from"], "Message-ID": "<r@station>"}
    )


def request(url: str, kind: str, body: bytes, headers: Headers) -> tuple[int, Headers, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": kind, "AS2-Version": "1.2", **headers})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def send(home: Home, url: str, file: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Options: sign, encrypt, stream, compress, crlf, id, from, to, receipt (none, plain, signed, a URL), tamper."""
    entity = head({"Content-Type": "application/edi-x12", "Content-Disposition": f'attachment; filename="{file.name}"'})
    entity += file.read_bytes()
    covered, kind, body = entity, *split(entity)
    if options.get("compress"):
        packed = compressed(entity)
        kind, body = 'application/pkcs7-mime; smime-type=compressed-data; name="smime.p7z"', packed
        covered = entity = head({"Content-Type": kind, "Content-Transfer-Encoding": "binary"}) + body
    if options.get("sign", "sha256"):
        kind, body = home.sign(entity, options.get("sign", "sha256"), crlf=options.get("crlf", True))
        entity = head({"Content-Type": kind}) + body
    if options.get("tamper") == "inside":
        entity = entity.replace(b"*PO-1*", b"*PO-2*")
    if options.get("encrypt", "aes256"):
        more = ["-stream"] if options.get("stream") else []
        body = home.encrypt(entity, options.get("encrypt", "aes256"), *more, *options.get("more", ()))
        kind = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'
    if options.get("tamper") == "outside":
        body = body[:-20] + bytes([body[-20] ^ 1]) + body[-19:]
    headers = {
        "AS2-From": options.get("from", "STATION"),
        "AS2-To": options.get("to", "HUB"),
        "Message-ID": options.get("id", "<1@station>"),
    }
    receipt = options.get("receipt", "signed")
    if receipt != "none":
        headers["Disposition-Notification-To"] = "edi@station"
    if receipt not in ("none", "plain"):
        wish = options.get("micalg", "sha-256")
        headers["Disposition-Notification-Options"] = (
            f"signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, {wish}"
        )
    if receipt.startswith("http"):
        headers["Receipt-Delivery-Option"] = receipt
    status, answered, report = request(url, kind, body, headers)
    if not options.get("sign", "sha256") and not options.get("encrypt", "aes256"):
        covered = body
    return {"status": status, **judged(home, answered.get("content-type", ""), report), "mic": mic(covered)}


def judged(home: Home, kind: str, report: bytes) -> dict[str, Any]:
    """What a receipt says, and whether the hub signed it."""
    told: dict[str, Any] = {"signed": False, "disposition": None, "received_mic": None, "raw": mic(report)}
    if kind.startswith("multipart/signed"):
        home.verified(kind, report)
        kind, report = split(first_part(report, kind))
        told["signed"] = True
    if kind.startswith("multipart/report"):
        for part in message_from_bytes(head({"Content-Type": kind}) + report).walk():
            if part.get_content_type() == "message/disposition-notification":
                inner: Any = part.get_payload()
                fields = inner[0] if isinstance(inner, list) else message_from_bytes(inner.encode())
                told["disposition"] = fields["Disposition"]
                told["received_mic"] = fields["Received-Content-MIC"]
                told["message_id"] = fields["Original-Message-ID"]
    else:
        told["text"] = report[:300].decode("utf-8", "replace")
    return told


def main(arguments: list[str]) -> None:
    home = Home(Path(arguments[1]))
    if arguments[0] == "serve":
        Receiving.home = home
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiving)
        print(server.server_address[1], flush=True)  # noqa: T201 - the caller reads it
        server.serve_forever()
        return
    if arguments[0] == "receipt":
        kind, report = home.report(arguments[3], f"{arguments[4]}, sha-256")
        status, _, _ = request(arguments[2], kind, report, {"AS2-From": "STATION", "AS2-To": "HUB"})
        print(json.dumps({"status": status}))  # noqa: T201 - the caller reads it
        return
    print(json.dumps(send(home, arguments[2], Path(arguments[3]), json.loads(arguments[4]))))  # noqa: T201 - the caller reads it


if __name__ == "__main__":
    main(sys.argv[1:])
