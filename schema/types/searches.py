"""Searches that people keep, their own and shared ones."""

from __future__ import annotations

import strawberry

from hub.orders import SearchList
from hub.orders.queries import v_saved_search
from schema.plan.bind import Filter, Page, bound, key
from schema.plan.fields import listing
from schema.plan.scalars import Json, Timestamp
from schema.types import ownership
from schema.types.parts import UNSET, Node, TextFilter


@bound(v_saved_search, area="searches", key="search_id", prefix="sch", rows=ownership.by_owner)
@strawberry.type
class SavedSearch(Node):
    id: strawberry.ID = key("search_id")
    name: str
    about: str
    query: Json
    shared: bool
    owner: str
    updated_at: Timestamp


@strawberry.input
class SearchWhere:
    about: TextFilter | None = UNSET
    name: TextFilter | None = UNSET


SEARCHES = Page({"NAME": "name"}, {"about": Filter("about"), "name": Filter("name")}, descending=False)

ROOTS = {"saved_searches": listing(SavedSearch, SEARCHES, where=SearchWhere)}
strawberry.enum(SearchList, name="SearchList")
