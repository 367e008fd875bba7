"""The partner's self-test: a file goes in, errors, the acknowledgment and the documents come back. Nothing is stored, nothing is sent.
Whoever brings its account's key is judged by what was agreed with it; nobody else learns of that, or who trades here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from hub.access import NotAuthenticated

Check = Callable[[str, bytes, Mapping[str, Any] | None], Mapping[str, Any]]
AccountOf = Callable[[str], Awaitable[Mapping[str, Any] | None]]  # a key -> the config of its account
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
<label for="key">Key of your account (without it, your own profile is not looked at)</label>
<input id="key" type="password" autocomplete="off">
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
  const headers = {"x-file-name": encodeURIComponent(file.name)}, key = document.getElementById("key").value.trim();
  if (key) headers.authorization = "Bearer " + key;
  const answer = await fetch("/edi/check", {method: "POST", headers, body: file});
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
    """`check`: the function behind `hub edi check`: (file name, bytes, config of the account or None) -> its JSON object, with the canonical
    documents.
    """

    def __init__(self, check: Check, guide: GuidePage, account_of: AccountOf) -> None:
        self._check, self._guide, self._account_of = check, guide, account_of

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
        try:
            config = await self._config(request.headers.get("authorization"))
        except NotAuthenticated as error:
            return JSONResponse({"error": error.sentence()}, 401, headers={"www-authenticate": "Bearer"})
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return JSONResponse({"error": f"The file is larger than {LARGEST} bytes."}, 413)
        name = unquote(request.headers.get("x-file-name", "file"))[:200]
        return JSONResponse(await asyncio.to_thread(self._check, name, bytes(body), config))

    async def _config(self, header: str | None) -> Mapping[str, Any] | None:
        """Raises `NotAuthenticated` for a key that is none, as for one of nobody."""
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        return await self._account_of(token.strip())


def selftest_routes(check: Check, guide: GuidePage, account_of: AccountOf) -> list[Route]:
    test = SelfTest(check, guide, account_of)
    return [
        Route("/edi/check", test.page, methods=["GET"]),
        Route("/edi/check", test.check, methods=["POST"]),
        Route("/edi/guides/{version}/{set}", test.guide, methods=["GET"]),
    ]
