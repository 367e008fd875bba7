"""Floor 1: the language of `mappings/`. Typed path tables in YAML, compiled to closures; no I/O but reading its own files."""

from __future__ import annotations

from hub.mapping.body import parse_body
from hub.mapping.drafts import order_draft, refund_draft, refuse_quarantined
from hub.mapping.faults import Fault, MappingRefused, NoSuchMapping, Reason, Trap
from hub.mapping.file import MappingFile
from hub.mapping.registry import Mappings, load_all, mapping_folders
from hub.mapping.result import MappingResult, jsonable
from hub.mapping.scalars import instant, instant_text, revision_text
from hub.mapping.write import OneWay

__all__ = [
    "Fault",
    "MappingFile",
    "MappingRefused",
    "MappingResult",
    "Mappings",
    "NoSuchMapping",
    "OneWay",
    "Reason",
    "Trap",
    "instant",
    "instant_text",
    "jsonable",
    "load_all",
    "mapping_folders",
    "order_draft",
    "parse_body",
    "refund_draft",
    "refuse_quarantined",
    "revision_text",
]
