"""Fiscal documents for download: the XML as it is kept, its printed form, a guide's sheet, a month for the accountants. For those who may
read all of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hub import fiscal
from hub.access import KeyRing, NotAuthenticated, Principal
from hub.flows.paper import NoDocumentYet, NotPrinted, Paper
from hub.kit.db import Database
from hub.kit.errors import HubError
from hub.kit.ids import BadId, read_id

READERS = frozenset({"OPERATOR", "ANALYST", "ADMIN"})
SCOPE = "fiscal:read"
STATUS: dict[type[HubError], int] = {
    NotAuthenticated: 401,
    BadId: 404,
    fiscal.UnknownDocument: 404,
    fiscal.UnknownGuide: 404,
    fiscal.BadMonth: 400,
    NoDocumentYet: 409,
    NotPrinted: 409,
}
Answer = Callable[[Request, Principal], Awaitable[Response]]


class Papers:
    """The routes below `/api/v1/fiscal-documents`."""

    def __init__(self, db: Database, keys: KeyRing, paper: Paper) -> None:
        self._db, self._keys, self._paper = db, keys, paper

    @property
    def routes(self) -> list[Route]:
        place = "/api/v1/fiscal-documents"
        return [
            Route(f"{place}/export", self._guarded(self._export)),
            Route(f"{place}/{{document}}/xml", self._guarded(self._xml)),
            Route(f"{place}/{{document}}/pdf", self._guarded(self._pdf)),
            Route("/api/v1/gnre-guides/{guide}/pdf", self._guarded(self._guide)),
        ]

    def _guarded(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                return await answer(request, await self._reader(request))
            except tuple(STATUS) as error:
                return _refused(error, STATUS[type(error)])
            except _NotAllowed as error:
                return _refused(error, 403)
            except HubError as error:  # what the printing of this document refuses
                return _refused(error, 422)

        return guarded

    async def _reader(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated
        principal = await self._keys.prove(token.strip())
        if principal.role not in READERS or (principal.scopes and SCOPE not in principal.scopes):
            raise _NotAllowed
        return principal

    async def _xml(self, request: Request, who: Principal) -> Response:
        document = _document(request)
        async with self._db.unit(tenant=who.tenant, actor=who.actor) as tx:
            body = await self._paper.xml(tx, document)
        return _file(body, "application/xml", f"{document.hex}.xml")

    async def _pdf(self, request: Request, who: Principal) -> Response:
        document = _document(request)
        async with self._db.unit(tenant=who.tenant, actor=who.actor) as tx:
            sheet = await self._paper.sheet(tx, document)
        return _file(await self._paper.pdf(sheet), "application/pdf", f"{document.hex}.pdf")

    async def _guide(self, request: Request, who: Principal) -> Response:
        """The collection guide as the portal printed it: it travels with the goods."""
        guide = read_id("gnr", request.path_params["guide"])
        async with self._db.unit(tenant=who.tenant, actor=who.actor) as tx:
            sheet = await fiscal.guide_sheet(tx, guide)
        if sheet is None:
            raise NoDocumentYet
        return _file(sheet, "application/pdf", f"{guide.hex}.pdf")

    async def _export(self, request: Request, who: Principal) -> Response:
        month, environment = request.query_params.get("month", ""), request.query_params.get("environment", "1")
        fiscal.bounds(month)
        pieces = fiscal.export_month(self._db, who.tenant, month, environment=2 if environment == "2" else 1)
        headers = {"content-disposition": f'attachment; filename="notes-{month}.zip"'}
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)


class _NotAllowed(HubError):
    """This key may not read fiscal documents."""

    code = "FORBIDDEN"


def _document(request: Request) -> UUID:
    return read_id("fis", request.path_params["document"])


def _file(body: bytes, media: str, name: str) -> Response:
    return Response(body, media_type=media, headers={"content-disposition": f'inline; filename="{name}"'})


def _refused(error: HubError, status: int) -> Response:
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": error.sentence(), "code": error.code}, status, headers=headers)
