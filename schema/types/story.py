"""The story of an order, told over all rooms: facts in words, and what was owed to the outside."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from hub.story.queries import v_order_story
from schema.plan.bind import CAUSATION, bound, key, subject
from schema.plan.scalars import Timestamp
from schema.types import ownership


@strawberry.enum
class StoryKind(StrEnum):
    FACT = "FACT"
    DELIVERY = "DELIVERY"


@bound(v_order_story, area="events", rows=ownership.inherited)
@strawberry.type
class TimelineEntry:
    at: Timestamp
    kind: StoryKind
    type: str
    sentence: str
    actor: str
    subject_id: strawberry.ID = subject("subject_id", "subject_kind")
    subject_kind: str
    causation_id: strawberry.ID | None = key("causation_id", CAUSATION)
