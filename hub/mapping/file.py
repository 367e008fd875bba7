"""One compiled mapping: bytes in, canonical value with verdict out. Pure: no time, no network, no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hub.mapping import checks, trace
from hub.mapping.body import parse_body
from hub.mapping.build import compile_object
from hub.mapping.checks import CheckResult, Failure
from hub.mapping.faults import Fault, Reason, type_name
from hub.mapping.paths import Scope
from hub.mapping.plan import ObjectPlan
from hub.mapping.result import MappingResult
from hub.mapping.spec import Spec
from hub.mapping.targets import ORDER, REFUND
from hub.mapping.write import OneWay, encode


class MappingFile:
    """A file of `mappings/`, compiled once; safe to share between tasks, it holds no state of a document."""

    def __init__(self, spec: Spec, plan: ObjectPlan, write: Callable[[Any], Any] | None = None) -> None:
        self.spec = spec
        self.plan = plan
        self._build = compile_object(plan)
        self._write = write
        self._places = {leaf.at: (leaf.file, leaf.line, leaf.source()) for leaf in plan.walk()}
        self._computes_total = spec.shape is ORDER and "totals.total" not in self._places

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def version(self) -> int:
        return self.spec.version

    def read(self, body: bytes, envelope: Mapping[str, str | None]) -> MappingResult:
        """Map raw bytes. Never raises for what a document holds: every fault is a reason of the result."""
        try:
            document = self.unwrapped(parse_body(body))
        except Fault as fault:
            return self._unreadable(fault)
        return self.read_document(document, envelope)

    def read_document(self, document: Any, envelope: Mapping[str, str | None]) -> MappingResult:
        """As `read`, for a document that is parsed (with Decimals) and unwrapped."""
        sink = trace.Sink(self.spec.redact)
        root = Scope(document, envelope, sink, outer=None, parent=None, through=None)
        value = self._build(document, root)
        found: list[CheckResult] = []
        for outcome in self._judge(value, sink.faulty):
            if isinstance(outcome, CheckResult):
                found.append(outcome)
            else:
                sink.add(checks.as_reason(outcome, self._places, self.spec.file, self.spec.redact))
        return self._result(
            value,
            tuple(found),
            tuple(sink.reasons),
            more=sink.more,
            origins=lambda: self._origins(value, document, root),
        )

    def write(self, value: Mapping[str, Any]) -> bytes:
        """The foreign JSON of a canonical value. Raises `OneWay` for a mapping that only reads."""
        if self._write is None:
            raise OneWay(self.name)
        return encode(self._write(value))

    def touched(self, document: Any, envelope: Mapping[str, str | None]) -> set[str]:
        """The concrete source places that this mapping looks at in a parsed, unwrapped document."""
        root = Scope(document, envelope, trace.Sink(self.spec.redact), outer=None, parent=None, through=None)
        return set(trace.touched(self.plan, document, root))

    def unwrapped(self, document: Any) -> Any:
        """The document without the object whose only key is the declared `unwrap`. Raises `Fault` where it is no object."""
        if type(document) is not dict:
            raise Fault("WRONG_SHAPE", None, f"{type_name(document)} where an object is expected")
        key = self.spec.unwrap
        if key is not None and len(document) == 1 and type(document.get(key)) is dict:
            return document[key]
        return document

    def _origins(self, value: dict[str, Any], document: Any, root: Scope) -> Iterator[trace.Origin]:
        yield from trace.origins(self.plan, document, root)
        if self.spec.shape is ORDER and value["totals"] is not None:
            names = ("goods", "discount", "total") if self._computes_total else ("goods", "discount")
            totals = next(child for child in self.plan.objects if child.key == "totals")
            for name in names:
                amount = value["totals"][name]
                yield trace.Origin(f"totals.{name}", (), None, None, totals.file, totals.line, amount, computed=True)

    def _judge(self, value: dict[str, Any], faulty: set[str]) -> Iterator[CheckResult | Failure]:
        if self.spec.shape is ORDER:
            checks.complete_order(value)
            if self._computes_total and value["totals"] is not None:
                checks.compute_total(value)
            yield from checks.order_checks(value, faulty)
        elif self.spec.shape is REFUND:
            yield from checks.currency_check(value)
        yield from checks.declared_checks(self.spec.checks, value, faulty)

    def _unreadable(self, fault: Fault) -> MappingResult:
        reason = Reason(
            code=fault.code,
            at="",
            source=None,
            value=None,
            file=self.spec.file,
            line=1,
            message=fault.expected,
        )
        return self._result(dict.fromkeys(self.spec.shape.fields), (), (reason,))

    def _result(
        self,
        value: dict[str, Any],
        found: tuple[CheckResult, ...],
        reasons: tuple[Reason, ...],
        *,
        more: int = 0,
        origins: Any = None,
    ) -> MappingResult:
        return MappingResult(
            mapping=self.name,
            version=self.version,
            target=self.spec.target,
            value=value,
            checks=found,
            reasons=reasons,
            more=more,
            trace=origins or (lambda: iter(())),
        )
