"""The body of a GraphQL request over HTTP or a socket: read with limits, its document found by text, id or hash."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from schema.errors import BadRequest, PersistedQueryNotFound, UnknownDocument

MAX_BODY, MAX_NESTING, KEPT_HASHES = 1 << 20, 64, 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLRequest:
    """`trusted`: the text came from a stored document."""

    query: str
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    trusted: bool = False


def read_json(body: bytes) -> Any:
    """The JSON value, or `BadRequest`; nested at most 64 deep."""
    try:
        found = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadRequest(reason="the body is no JSON") from error
    if body.count(b"{") + body.count(b"[") > MAX_NESTING:
        _check_nesting(found)
    return found


def _check_nesting(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_NESTING + 1:
            raise BadRequest(reason=f"JSON nested deeper than {MAX_NESTING}")
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


class Store:
    """Stored documents by id (`sha256:<hex>`) and by name, and texts remembered by hash for clients that ask so (APQ)."""

    def __init__(self, folder: Path) -> None:
        self.by_id: dict[str, str] = {}
        self.by_name: dict[str, str] = {}
        self.names: dict[str, str] = {}  # text -> name
        self._hashes: OrderedDict[str, str] = OrderedDict()
        for path in sorted(folder.rglob("*.graphql")):
            text = path.read_text(encoding="utf-8")
            self.by_id[f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"] = text
            name = path.relative_to(folder).with_suffix("").as_posix()
            self.by_name[name], self.names[text] = text, name

    def request(self, body: Any, *, open_documents: bool) -> GraphQLRequest:
        """The request in this JSON value; a role without open documents may only name stored ones."""
        if not isinstance(body, dict):
            raise BadRequest(reason="the body is no JSON object (batches are not offered)")
        variables, name = body.get("variables"), body.get("operationName")
        if variables is not None and not isinstance(variables, dict):
            raise BadRequest(reason="variables must be an object")
        if name is not None and not isinstance(name, str):
            raise BadRequest(reason="operationName must be a string")
        text, trusted = self._text(body, open_documents=open_documents)
        return GraphQLRequest(query=text, variables=variables, operation_name=name or None, trusted=trusted)

    def _text(self, body: dict[str, Any], *, open_documents: bool) -> tuple[str, bool]:
        document_id = body.get("documentId")
        if document_id is not None:
            found = self.by_id.get(str(document_id)) or self.by_name.get(str(document_id))
            if found is None:
                raise UnknownDocument
            return found, True
        query = body.get("query")
        if query is not None and not isinstance(query, str):
            raise BadRequest(reason="query must be a string")
        if not open_documents:
            if isinstance(query, str) and query in self.by_id.values():
                return query, True
            raise UnknownDocument
        extensions = body.get("extensions")
        persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
        if persisted is not None:
            return self._persisted(persisted, query), False
        if query is None:
            raise BadRequest(reason="query is missing")
        return query, False

    def _persisted(self, persisted: Any, query: str | None) -> str:
        asked = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
        if not isinstance(asked, str) or persisted.get("version") != 1:
            raise BadRequest(reason="persistedQuery needs version 1 and sha256Hash")
        if query is None:
            found = self._hashes.get(asked)
            if found is None:
                raise PersistedQueryNotFound
            return found
        if hashlib.sha256(query.encode(errors="replace")).hexdigest() != asked:
            raise BadRequest(reason="sha256Hash is not the hash of the query")
        self._hashes[asked] = query
        if len(self._hashes) > KEPT_HASHES:
            self._hashes.popitem(last=False)
        return query
