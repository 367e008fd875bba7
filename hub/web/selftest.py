"""The partner's self-test: a file goes in, errors, the acknowledgment and the documents come back. Nothing is stored, nothing is sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

Check = Callable[[str, bytes], Mapping[str, Any]]
GuidePage = Callable[[str, str], str | None]  # (version, set) -> the page
_NAMED = re.compile(r"[0-9A-Z]{5,12}/[0-9]{3}\Z")
LARGEST = 5 * 1024 * 1024

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Check an X12 file</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { background: #f4f4f4; color: #111; padding: 1rem; overflow: auto; white-space: pre-wrap; }
.bad { color: #a40000; }
label { display: block; margin: 1rem 0 0.5rem; }
</style>
</head>
<body>
<h1>Check an X12 file</h1>
<p>The file is read, checked and forgotten. Nothing is stored and nothing is sent.</p>
<form id="form">
<label for="file">X12 file (5 MiB at most)</label>
<input id="file" type="file" required>
<button>Check</button>
</form>
<section aria-live="polite">
<h2 id="outcome"></h2>
<ul id="errors"></ul>
<h3>Acknowledgment that would be sent</h3>
<pre id="ack"></pre>
<h3>Documents</h3>
<pre id="documents"></pre>
</section>
<script>
const all = (found, path) => path.reduce((rows, key) => rows.flatMap(row => row[key] || []), [found]);
document.getElementById("form").addEventListener("submit", async event => {
  event.preventDefault();
  const file = document.getElementById("file").files[0];
  const answer = await fetch("/edi/check", {method: "POST", headers: {"x-file-name": encodeURIComponent(file.name)}, body: file});
  const said = await answer.json();
  document.getElementById("outcome").textContent = said.error || (said.outcome + (said.reason ? ": " + said.reason : ""));
  document.getElementById("outcome").className = said.outcome === "ok" ? "" : "bad";
  const levels = [
    [["interchanges"], level => "Interchange " + level.control],
    [["interchanges", "groups"], level => "Group " + level.functional_id + " " + level.control],
    [["interchanges", "groups", "sets"], level => "Set " + level.set + " " + level.control],
  ];
  const faults = levels.flatMap(([path, name]) => all(said, path).flatMap(one => one.errors.map(fault => [name(one), fault])));
  document.getElementById("errors").replaceChildren(...faults.map(([where, fault]) => {
    const row = document.createElement("li");
    row.textContent = where + ": " + fault.message + (fault.path ? " (" + fault.path + ")" : "") + (fault.ak ? " - " + fault.ak : "");
    return row;
  }));
  document.getElementById("ack").textContent = (said.interchanges || []).map(i => (i.ack || "none is due").replaceAll("~", "~\\n")).join("\\n");
  document.getElementById("documents").textContent = JSON.stringify(all(said, ["interchanges", "groups", "sets", "documents"]), null, 2);
});
</script>
</body>
</html>
"""


class SelfTest:
    """`check`: the function behind `hub edi check`: (file name, bytes) -> its JSON object, with the canonical documents."""

    def __init__(self, check: Check, guide: GuidePage) -> None:
        self._check, self._guide = check, guide

    async def guide(self, request: Request) -> Response:
        """What we read and write of one set, to be shown to a partner."""
        version, set_id = request.path_params["version"], request.path_params["set"]
        found = await asyncio.to_thread(self._guide, version, set_id) if _NAMED.match(f"{version}/{set_id}") else None
        if found is None:
            return HTMLResponse("There is no such guide.", 404)
        return HTMLResponse(found, headers={"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"})

    async def page(self, request: Request) -> Response:
        return HTMLResponse(PAGE, headers={"content-security-policy": "default-src 'self' 'unsafe-inline'"})

    async def check(self, request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return JSONResponse({"error": f"The file is larger than {LARGEST} bytes."}, 413)
        name = unquote(request.headers.get("x-file-name", "file"))[:200]
        return JSONResponse(await asyncio.to_thread(self._check, name, bytes(body)))


def selftest_routes(check: Check, guide: GuidePage) -> list[Route]:
    test = SelfTest(check, guide)
    return [
        Route("/edi/check", test.page, methods=["GET"]),
        Route("/edi/check", test.check, methods=["POST"]),
        Route("/edi/guides/{version}/{set}", test.guide, methods=["GET"]),
    ]
