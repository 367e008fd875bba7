"""One endpoint: parameters to variables, the stored document's answer unwrapped, status and headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schema.desk import Desk
from schema.errors import BadRequest
from schema.http import TooLarge, read_body
from schema.requests import read_json
from schema.responses import JSON
from schema.rest.endpoint import PREFIX, Endpoint
from schema.rest.problems import of_error, of_user_errors, problem, unknown
from schema.rest.table import ENDPOINTS
from schema.roles import readable

PROBLEM = "application/problem+json"
MAX_PARAMETER = 2_000


def rest_routes(desk: Desk) -> list[Route]:
    """All endpoints below /api/v1."""
    return [
        Route(PREFIX + e.route, _Handler(desk, e), methods=[e.method], name=f"{e.method} {e.route}") for e in ENDPOINTS
    ]


class _Handler:
    """An ASGI application for one endpoint."""

    def __init__(self, desk: Desk, endpoint: Endpoint) -> None:
        self.desk, self.endpoint = desk, endpoint
        self.docs = desk.deps.settings.docs

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        if scope["method"] != self.endpoint.method:  # a class as endpoint is not asked for its methods
            response = Response(status_code=405, headers={"allow": self.endpoint.method})
        else:
            response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except TooLarge as error:
            status, body = problem(413, error.code, str(error), self.docs)
        except Exception as error:  # noqa: BLE001 - the boundary of the API: everything becomes an answer
            status, body = of_error(error, self.docs)
        return _plain(status, body, PROBLEM)

    async def _answer(self, request: Request) -> Response:
        me = await self.desk.who(request.headers.get("authorization", ""))
        variables = self._variables(request)
        document = self.endpoint.document
        if self.endpoint.body is not None:
            body = read_json(await read_body(request.receive, dict(request.scope["headers"])))
            document = self._take_body(body, variables, request)
        for name, area in self.endpoint.shown.items():
            variables[name] = readable(area, me.reader) is not None
        asked = self.desk.reads.ask(me, self.desk.store.by_name[document], variables)
        _, answer = await self.desk.answer(asked, request.headers.get("idempotency-key"), JSON)
        whole = orjson.loads(answer)
        if whole.get("errors"):
            first = whole["errors"][0]
            status, text = problem(500, first["extensions"]["code"], first["message"], self.docs)
            return _plain(status, text, PROBLEM)
        found = next(iter(whole["data"].values()))
        if document != self.endpoint.document:
            return self._many(found)
        return self._command(found, request) if self.endpoint.payload else self._read(found, request)

    def _variables(self, request: Request) -> dict[str, Any]:
        variables: dict[str, Any] = {}
        for name, value in request.query_params.multi_items():
            place = self.endpoint.query.get(name)
            if place is None:
                raise BadRequest(reason=f"there is no parameter {name[:60]}")
            if len(value) > MAX_PARAMETER:
                raise BadRequest(reason=f"the parameter {name} is too long")
            if place == ("first",):
                if not value.isdecimal() or len(value) > 9:
                    raise BadRequest(reason=f"{name} must be a whole number")
                _put(variables, place, int(value))
            elif name in self.endpoint.flags:
                if value not in ("true", "false"):
                    raise BadRequest(reason=f"{name} must be true or false")
                _put(variables, place, value == "true")
            else:
                _put(variables, place, value)
        for name, place in self.endpoint.path.items():
            _put(variables, place, request.path_params[name])
        return variables

    def _take_body(self, body: Any, variables: dict[str, Any], request: Request) -> str:
        """Put the body into the variables; the document to run."""
        endpoint = self.endpoint
        if not isinstance(body, dict):
            raise BadRequest(reason="the body is no JSON object")
        if endpoint.many and endpoint.many[0] in body:
            variables["inputs"] = body[endpoint.many[0]]
            return endpoint.many[1]
        given = {**body, **variables.get("input", {})}
        if (match := request.headers.get("if-match")) is not None:
            tag = match.removeprefix("W/").strip('"')
            if not tag.isdecimal() or len(tag) > 9:
                raise BadRequest(reason="If-Match must be an ETag of ours")
            given["expectedVersion"] = int(tag)
        variables["input"] = given
        return endpoint.document

    def _read(self, found: Any, request: Request) -> Response:
        if found is None:
            status, body = unknown(self.endpoint.root, self.docs)
            return _plain(status, body, PROBLEM)
        if "pageInfo" not in found:
            tag = _tag(found)
            if tag and request.headers.get("if-none-match") == tag["etag"]:
                return Response(status_code=304, headers=tag)
            return _plain(200, orjson.dumps(found), JSON, tag)
        info = found["pageInfo"]
        following = info["endCursor"] if info["hasNextPage"] else None
        headers = {}
        if following:
            again = {**dict(request.query_params), "cursor": following}
            headers["link"] = f'<{request.url.path}?{urlencode(again)}>; rel="next"'
        return _plain(200, orjson.dumps({"items": found["nodes"], "next": following}), JSON, headers)

    def _command(self, found: Any, request: Request) -> Response:
        if found["userErrors"]:
            status, body = of_user_errors(found["userErrors"], self.docs, if_match="if-match" in request.headers)
            return _plain(status, body, PROBLEM)
        shown = found[self.endpoint.payload]
        headers = _tag(shown) if isinstance(shown, dict) else {}
        if found["replayed"]:
            headers["idempotent-replayed"] = "true"
        elif self.endpoint.created and shown:
            headers["location"] = f"{PREFIX}{self.endpoint.route}/{shown['id']}"
        return _plain(
            201 if self.endpoint.created and not found["replayed"] else 200, orjson.dumps(shown), JSON, headers
        )

    def _many(self, found: Any) -> Response:
        """201, 200 when all were there already, 207 when some were refused."""
        replayed = all(r["replayed"] for r in found["results"])
        status = 207 if found["refused"] else 200 if replayed else 201
        return _plain(status, orjson.dumps(found), JSON)


def _put(variables: dict[str, Any], place: tuple[str, ...], value: Any) -> None:
    for step in place[:-1]:
        variables = variables.setdefault(step, {})
    variables[place[-1]] = value


def _tag(found: Mapping[str, Any]) -> dict[str, str]:
    return {"etag": f'"{found["version"]}"'} if "version" in found else {}


def _plain(status: int, body: bytes, media: str, headers: Mapping[str, str] | None = None) -> Response:
    more = dict(headers or {})
    if status in (429, 503):
        more["retry-after"] = "1"
    if status == 401:
        more["www-authenticate"] = "Bearer"
    return Response(body, status, more, media)
