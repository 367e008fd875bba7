"""Canonical document to X12 set, checked by the same guide as what arrives. Pure; numbers and time come in. What breaks the guide is never sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from adapters.x12.errors import REJECT, Finding, effect, sentence
from adapters.x12.hierarchy import level_findings
from adapters.x12.library import Compiled, Library
from adapters.x12.model import Element
from adapters.x12.outward import Outward
from adapters.x12.profile import Profile
from adapters.x12.scan import scan
from adapters.x12.seal import Joined, Marks, Out, OutGroup, OutSet, marks_of, seal
from hub.kit.errors import HubError

# canonical document -> set; what a partner's profile may write
SETS: Mapping[str, str] = {
    "order": "850",
    "purchase_order": "850",
    "order_response": "855",
    "ship_notice": "856",
    "order_change": "860",
    "order_change_response": "865",
    "invoice": "810",
    "grocery_invoice": "880",
    "pick_order": "940",
    "pick_confirmation": "945",
    "transfer_advice": "943",
    "receipt": "944",
    "stock_report": "846",
    "price_catalog": "832",
    "return_request": "180",
    "application_advice": "824",
    "load_tender": "204",
    "tender_response": "990",
    "shipment_status": "214",
    "routing_request": "753",
    "routing_instructions": "754",
    "remittance": "820",
    "product_activity": "852",
    "grocery_order": "875",
    "order_status": "870",
    "sell_through": "867",
}
# elements that hold words for people: a delimiter in them becomes a blank, elsewhere it is refused
_FREE_TEXT = frozenset({"19", "79", "93", "166", "352", "364", "369", "387", "933"})
_CONTROL = re.compile("[\x00-\x1f\x7f]")


class CannotWrite(HubError):
    """The document {number} cannot be written as {set}: {summary}"""

    code: ClassVar[str] = "X12_CANNOT_WRITE"

    def __init__(self, set_id: str, number: str, faults: Sequence[str]) -> None:
        super().__init__(set=set_id, number=number, faults=tuple(faults), summary="; ".join(faults[:5]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A set ready to be sealed. `notes`: what was replaced on the way."""

    set: OutSet
    group: str
    version: str
    notes: tuple[str, ...] = ()


def write_set(kind: str, number: str, data: Mapping[str, Any], library: Library, profile: Profile) -> Written:
    """Raises `CannotWrite` with every fault: no guide, unknown words, broken syntax, balances that don't add up.

    `data` has the shape that reading the same set gives; absent keys are left out, amounts and quantities are Decimal or their text, days
    `YYYY-MM-DD`, `ids` and line fields those of `OrderDraft.partner_lines`. Parties: `{role: {name, scheme, id, street, city, region,
    postal_code, country}}` with roles of `codes/party_role.yaml`; references `{kind: value}`, dates `{kind: day}` likewise.

    order_response (855): purpose (`original`), answer (accepted, accepted_with_detail, accepted_with_changes, rejected), external_id, placed_on,
    release?, number? (ours), date?, references?, dates?, parties?, lines: [{line_ref, ordered, unit, price, price_basis?, ids, description?,
    answers: [{status (accepted, quantity_changed, backordered, rejected, price_changed, substituted, date_changed, deleted), quantity,
    unit, date_kind? (promised), date?}]}].

    ship_notice (856): purpose, shipment_id, shipped_on, shipped_at (HH:MM), hierarchy (`0001`), shipments: [{cartons?: [{packaging, count,
    weight_kind, weight, weight_unit}], routing?: [{scheme, carrier, method, text}], references? (bill_of_lading, tracking), dates? (shipped,
    expected), parties (ship_to, ship_from), orders: [{external_id, release?, placed_on?, references?, parties?, pallets?: [...], packages:
    [{marks: [{kind: GM, value: SSCC}], lines: [{line_ref?, ids, shipped, unit, ordered?}]}]}]}]. Levels are numbered on writing.

    invoice (810): date, number, placed_on?, external_id, release?, currency?, references?, parties? (remit_to, ship_to, bill_to), terms?:
    [{type, basis, net_days ...}], lines: [{line_ref, invoiced, unit, price, ids, description?, charges?, taxes?}], charges?: [{kind (A
    allowance, C charge), code, amount, handling?, text?}], taxes?: [{kind, amount}], total? (else computed; must equal what the lines say).

    pick_order (940): number, external_id, status?, parties, dates?, paid_by and method (both or neither), scac?, notes?: [{kind, text}],
    groups: [{number, lines: [{ordered, unit, scheme, id, lot?, references: {line: ours}}]}].
    stock_report (846): reference, date, parties (ship_from), lines: [{ids, quantities: [{kind (available, on_hand), quantity, unit}]}].
    """
    set_id = SETS.get(kind, "")
    version = profile.guides.get(set_id, profile.gs_version)
    compiled = library.guide_for(profile, version, set_id) if set_id else None
    if compiled is None:
        raise CannotWrite(set_id or kind, number, [f"there is no guide for {version}/{set_id or kind}"])
    marks = marks_of(profile)
    outward = Outward(profile=profile.settings, comp=marks.component, rep=marks.repetition)
    tree = compiled.put(data, 1, outward)
    segments: list[list[str]] = []
    bad: list[Any] = []
    fits = compiled.lay(tree, segments.append, bad, profile.component, profile.repetition)
    text = _ready(segments, compiled, marks, profile)
    notes, refused = ((), []) if text is not None else tidy(segments, compiled, marks, profile)
    sure = compiled.plan.sure and fits and not bad and not notes
    faults = [f"{place} {value!r} {reason}" for place, value, reason in outward.refused] + refused
    faults += [sentence(f) for f in findings_of(segments, data, compiled, profile, tree if sure else None, outward)]
    if faults:
        raise CannotWrite(set_id, number, faults)
    body = segments if text is None else Joined(marks, text, len(segments))
    return Written(set=OutSet(set=set_id, body=body), group=compiled.guide.group, version=version, notes=notes)


def findings_of(
    segments: list[list[str]],
    data: Mapping[str, Any],
    compiled: Compiled,
    profile: Profile,
    tree: list[Any] | None,
    outward: Outward,
) -> list[Finding]:
    """What would make the partner reject it, and balances that fail. `tree`: as written, when each segment of it is known to fit."""
    found: list[Finding] = []
    if tree is None:
        scanned = scan(compiled.guide, compiled.plan, segments, profile.component, profile.repetition)
        found, tree = list(scanned.findings), scanned.tree
    if "HL" in compiled.guide.segments:
        found += level_findings(segments, compiled.guide, profile)
    found = [f for f in found if effect(f) == REJECT or f.segment == "MAN"]
    if not found:
        found = [
            f for f in compiled.rulings(tree, data, outward.measured) if f.code in ("check_failed", "require_failed")
        ]
    return found


def _ready(segments: list[list[str]], compiled: Compiled, marks: Marks, profile: Profile) -> str | None:
    """The segments as text, where every value can be sent as it is: counted once over all of it. None: some have to be looked at."""
    element, end = marks.element, marks.terminator + marks.newline
    if not segments or (compiled.cuttable and any(e[0] in compiled.cuttable for e in segments)):
        return None
    text = end.join([element.join(e) for e in segments])
    if text.count(marks.terminator) != len(segments) - 1 or text.count(element) != sum(map(len, segments)) - len(
        segments
    ):
        return None
    if (
        any(mark in text for mark in _inner(marks, profile))
        or element + marks.terminator in text
        or text[-1] == element
    ):
        return None
    if not (text.isascii() or _held(text, profile.charset_out)):
        return None
    bare = text if end.isprintable() else text.replace(end, "")
    bare = bare if element.isprintable() else bare.replace(element, "")
    return text if bare.isprintable() else None


def _inner(marks: Marks, profile: Profile) -> tuple[str, ...]:
    """Marks that stand within elements; from 00402 on ISA11 says that it repeats elements."""
    return (marks.component, marks.repetition) if profile.isa_version >= "00402" else (marks.component,)


def tidy(
    segments: list[list[str]], compiled: Compiled, marks: Marks, profile: Profile
) -> tuple[tuple[str, ...], list[str]]:
    """Values made fit for the partner's characters, in place: (notes, faults)."""
    taken = (marks.element, marks.terminator, *_inner(marks, profile))
    notes: list[str] = []
    faults: list[str] = []
    for e in segments:
        spec = compiled.guide.segments[e[0]]
        for i in range(1, len(e)):
            use = spec.of[i - 1] if i <= len(spec.of) else None
            if use is None or not isinstance(use.element, Element) or use.repeat != 1:
                continue
            value = e[i]
            if not value.isascii() and not _held(value, profile.charset_out):
                e[i] = _ascii(value)
                notes.append(f"{e[0]}{i:02d}: {value!r} was written as {e[i]!r}")
            if not any(mark in e[i] for mark in taken) and not _CONTROL.search(e[i]):
                continue
            if use.element.number not in _FREE_TEXT:
                faults.append(f"{e[0]}{i:02d} {e[i]!r} holds a delimiter or a control character")
                continue
            for mark in taken:
                e[i] = e[i].replace(mark, " ")
            e[i] = _CONTROL.sub(" ", e[i])
            notes.append(f"{e[0]}{i:02d}: delimiters in {value!r} were replaced by blanks")
    _cut(segments, compiled)
    return tuple(notes), faults


def _cut(segments: list[list[str]], compiled: Compiled) -> None:
    """Text is cut only where the guide allows it; the rest is left to the guide's own check."""
    for e in segments:
        for i, high in compiled.cuttable.get(e[0], ()):
            if len(e) > i and len(e[i]) > high:
                e[i] = e[i][:high].rstrip()


def _held(text: str, charset: str) -> bool:
    """Whether the partner's characters can say it."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _ascii(value: str) -> str:
    """Letters without their accents; what has no such form becomes a question mark."""
    plain = unicodedata.normalize("NFKD", value)
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return bare.encode("ascii", "replace").decode("ascii")


def interchange_of(written: Sequence[Written], profile: Profile, *, isa: int, gs: int, st: int, at: datetime) -> str:
    """One interchange for a partner: a group per functional id and version, in the order given."""
    groups: dict[tuple[str, str], list[OutSet]] = {}
    for one in written:
        groups.setdefault((one.group, one.version), []).append(one.set)
    partner = (profile.test_ids or profile.ids) if profile.usage == "T" else profile.ids
    out = Out(
        sender=profile.ours,
        receiver=partner[0] if partner else ("ZZ", profile.partner.upper()[:15]),
        version=profile.isa_version,
        test=profile.usage == "T",
        ack_requested=profile.isa14,
        groups=[
            OutGroup(
                functional_id=group,
                version=version,
                sender=profile.gs_ours or profile.ours[1],
                receiver=profile.gs_theirs or profile.partner.upper()[:15],
                sets=sets,
            )
            for (group, version), sets in groups.items()
        ],
    )
    return seal(out, marks_of(profile), isa=isa, gs=gs, st=st, at=at, st_digits=profile.st_digits)
