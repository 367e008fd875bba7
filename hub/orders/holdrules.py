"""Rules by which new orders are held, from `mappings/holds/*.yaml`; refused with file, line and reason. Pure, apart from reading the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from hub.canon.order import OrderDraft
from hub.canon.states import HoldKind
from hub.kit.errors import HubError
from hub.orders.draft import Hold

KINDS = ("FRAUD", "CREDIT", "MANUAL")
THEN = ("remind", "release", "cancel")
LISTS = ("tax_ids", "emails", "postal_codes")
FIELDS = {"id", "kind", "when", "reason", "released_by", "deadline_hours", "then"}
SCORE = "fraud_score"  # the reference that carries a channel's risk score
WORDS = ("score", "orders", "within", "bill_country", "ship_country", "total", "blocked", "channel")


class BadHoldRules(HubError):
    """{file}:{line}: {reason}"""

    code: ClassVar[str] = "HOLD_RULES_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRule:
    """`within`: until the deadline. `then`: remind, release or cancel when it passes."""

    id: str
    kind: HoldKind
    when: Mapping[str, Any]
    reason: str
    released_by: str
    within: timedelta | None
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStep:
    total_at_least: Decimal
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """When a hold of a kind that nobody gave a deadline is to be looked at, and what happens then."""

    within: timedelta
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRules:
    rules: tuple[HoldRule, ...] = ()
    approvals: tuple[ApprovalStep, ...] = ()
    deadlines: Mapping[HoldKind, Due] = field(default_factory=dict)

    @property
    def velocity_window(self) -> timedelta:
        """The longest time over which orders of a customer are counted; zero: none is."""
        hours = [int(r.when["within_hours"]) for r in self.rules if "within_hours" in r.when]
        return timedelta(hours=max(hours, default=0))

    def steps(self, total: Decimal) -> list[ApprovalStep]:
        """Who must approve an order of that total, lowest step first."""
        return sorted((a for a in self.approvals if total >= a.total_at_least), key=lambda a: a.total_at_least)


NO_RULES = HoldRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a rule may look at beside the draft. `earlier`: when this customer's other orders of the channel came."""

    channel: str
    now: datetime
    earlier: Sequence[datetime] = field(default=())


def matching(rules: HoldRules, draft: OrderDraft, known: Known) -> list[Hold]:
    """The holds that the rules place, one a rule."""
    found = []
    for rule in rules.rules:
        seen: dict[str, Any] = {}
        if all(CONDITIONS[name](draft, known, rule.when, seen) for name in rule.when if name in CONDITIONS):
            deadline = known.now + rule.within if rule.within else None
            reason = rule.reason.format_map(seen)
            found.append(
                Hold(
                    rule.kind,
                    reason,
                    rule=rule.id,
                    deadline=deadline,
                    then=rule.then,
                    released_by=rule.released_by,
                )
            )
    return found


def _score(draft: OrderDraft, _known: Known, when: Mapping[str, Any], seen: dict[str, Any]) -> bool:
    text = dict(draft.references).get(SCORE, "")
    try:
        seen["score"] = Decimal(text)
    except InvalidOperation:
        return False
    return bool(seen["score"] >= Decimal(str(when["score_at_least"])))


def asks_history(rules: HoldRules, draft: OrderDraft, known: Known) -> bool:
    """Whether a rule would count the customer's other orders: all else that it looks at holds."""
    counting = (r.when for r in rules.rules if COUNTS in r.when)
    return any(
        all(CONDITIONS[name](draft, known, when, {}) for name in when if name in CONDITIONS and name != COUNTS)
        for when in counting
    )


def _velocity(_draft: OrderDraft, known: Known, when: Mapping[str, Any], seen: dict[str, Any]) -> bool:
    since = known.now - timedelta(hours=int(when["within_hours"]))
    seen["orders"] = 1 + sum(1 for at in known.earlier if at > since)
    seen["within"] = when["within_hours"]
    return bool(seen["orders"] >= when["orders_at_least"])


def _bill(draft: OrderDraft, _known: Known, _when: Mapping[str, Any], seen: dict[str, Any]) -> bool:
    if draft.bill_to is None or draft.ship_to is None:
        return False
    seen["bill_country"], seen["ship_country"] = draft.bill_to.country, draft.ship_to.country
    return draft.bill_to.country != draft.ship_to.country


def _total(draft: OrderDraft, _known: Known, when: Mapping[str, Any], seen: dict[str, Any]) -> bool:
    seen["total"] = f"{draft.totals.total} {draft.currency}"
    return draft.totals.total >= Decimal(str(when["total_at_least"]))


def _blocked(draft: OrderDraft, _known: Known, when: Mapping[str, Any], seen: dict[str, Any]) -> bool:
    who, where = draft.customer, draft.ship_to
    own = {
        "tax_ids": who.tax_id if who else None,
        "emails": who.email.lower() if who and who.email else None,
        "postal_codes": where.postal_code if where else None,
    }
    hits = [name for name, value in own.items() if value and value in when["blocked"].get(name, ())]
    seen["blocked"] = ", ".join(h.removesuffix("s").replace("_", " ") for h in hits)
    return bool(hits)


def _channel(_draft: OrderDraft, known: Known, when: Mapping[str, Any], seen: dict[str, Any]) -> bool:
    seen["channel"] = known.channel
    return known.channel in when["channels"]


Condition = Callable[[OrderDraft, Known, Mapping[str, Any], dict[str, Any]], bool]
COUNTS = "orders_at_least"
CONDITIONS: Mapping[str, Condition] = {
    "score_at_least": _score,
    COUNTS: _velocity,
    "bill_country_differs": _bill,
    "total_at_least": _total,
    "blocked": _blocked,
    "channels": _channel,
}
WHEN = {*CONDITIONS, "within_hours"}


# ------------------------------------------------------------------ reading the files
def load_hold_rules(folder: Path) -> HoldRules:
    """All rule files of a folder, in the order of their names."""
    rules: list[HoldRule] = []
    approvals: list[ApprovalStep] = []
    deadlines: dict[HoldKind, Due] = {}
    for path in sorted(folder.glob("*.yaml")):
        found = parse_hold_rules(path.name, path.read_text(encoding="utf-8"))
        rules += found.rules
        approvals += found.approvals
        deadlines |= found.deadlines
    return HoldRules(rules=tuple(rules), approvals=tuple(approvals), deadlines=deadlines)


def parse_hold_rules(file: str, text: str) -> HoldRules:
    try:
        body = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadHoldRules(file=file, line=line, reason=str(error.problem)) from error
    if not isinstance(body, CommentedMap) or set(body) - {"holds", "rules", "approvals", "deadlines"}:
        raise BadHoldRules(file=file, line=1, reason="a file has holds, rules, approvals and deadlines, nothing else")
    rules = tuple(_rule(file, r) for r in body.get("rules") or ())
    ids = [r.id for r in rules]
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise BadHoldRules(file=file, line=1, reason=f"the id {min(twice)} occurs twice")
    approvals = tuple(_approval(file, a) for a in body.get("approvals") or ())
    dues = body.get("deadlines") or CommentedMap()
    if not isinstance(dues, CommentedMap):
        raise BadHoldRules(file=file, line=1, reason="deadlines is a map of kinds")
    deadlines = {HoldKind(k): _due(file, dues.lc.value(k)[0] + 1, d) for k, d in dues.items() if _kind(file, dues, k)}
    return HoldRules(rules=rules, approvals=approvals, deadlines=deadlines)


def _kind(file: str, dues: CommentedMap, name: Any) -> bool:
    if name in HoldKind.__members__:
        return True
    known = ", ".join(HoldKind.__members__)
    raise BadHoldRules(file=file, line=dues.lc.key(name)[0] + 1, reason=f"{name} is no kind of hold; known are {known}")


def _due(file: str, line: int, body: Any) -> Due:
    if not isinstance(body, Mapping) or set(body) - {"hours", "then"} or not isinstance(body.get("hours"), int):
        raise BadHoldRules(file=file, line=line, reason="a deadline has hours, a whole number, and then")
    if body["hours"] <= 0 or body.get("then", "remind") not in THEN:
        raise BadHoldRules(file=file, line=line, reason=f"hours are above zero, then is one of {', '.join(THEN)}")
    return Due(within=timedelta(hours=body["hours"]), then=body.get("then", "remind"))


def _rule(file: str, body: Any) -> HoldRule:
    def refuse(reason: str) -> BadHoldRules:
        line = body.lc.line + 1 if isinstance(body, CommentedMap) else 1
        return BadHoldRules(file=file, line=line, reason=reason)

    if not isinstance(body, CommentedMap):
        raise refuse("a rule is a map")
    if unknown := set(body) - FIELDS:
        raise refuse(f"unknown field {min(unknown)}; known are {', '.join(sorted(FIELDS))}")
    if missing := {"id", "kind", "when", "reason", "released_by"} - set(body):
        raise refuse(f"{min(missing)} is missing")
    when, hours, then = body["when"], body.get("deadline_hours"), body.get("then", "remind")
    if body["kind"] not in KINDS:
        raise refuse(f"kind is one of {', '.join(KINDS)}")
    if not isinstance(when, Mapping) or not when or (unknown := set(when) - WHEN):
        raise refuse(f"when takes {', '.join(sorted(WHEN))}")
    if ("orders_at_least" in when) != ("within_hours" in when):
        raise refuse("orders_at_least and within_hours go together")
    if set(when.get("blocked", {})) - set(LISTS):
        raise refuse(f"blocked takes {', '.join(LISTS)}")
    if then not in THEN:
        raise refuse(f"then is one of {', '.join(THEN)}")
    if hours is not None and (not isinstance(hours, int) or hours <= 0):
        raise refuse("deadline_hours is a whole number of hours")
    try:
        str(body["reason"]).format_map(dict.fromkeys(WORDS, ""))
        _number(when)
    except (KeyError, ValueError, InvalidOperation) as error:
        raise refuse(f"reason or amount cannot be read: {error}") from error
    within = timedelta(hours=hours) if hours else None
    return HoldRule(
        id=str(body["id"]),
        kind=HoldKind(body["kind"]),
        when={k: dict(v) if isinstance(v, Mapping) else v for k, v in when.items()},
        reason=str(body["reason"]),
        released_by=str(body["released_by"]),
        within=within,
        then=then,
    )


def _number(when: Mapping[str, Any]) -> None:
    for name in ("score_at_least", "total_at_least"):
        if name in when:
            Decimal(str(when[name]))


def _approval(file: str, body: Any) -> ApprovalStep:
    if not isinstance(body, CommentedMap) or set(body) != {"total_at_least", "role"}:
        raise BadHoldRules(file=file, line=1, reason="an approval has total_at_least and role")
    try:
        return ApprovalStep(total_at_least=Decimal(str(body["total_at_least"])), role=str(body["role"]))
    except InvalidOperation as error:
        reason = f"total_at_least is no amount: {body['total_at_least']}"
        raise BadHoldRules(file=file, line=body.lc.line + 1, reason=reason) from error
