"""Judges what the reader found: envelopes, counts and control numbers, then each set by its guide. Yields one set at a time, then its interchange."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import InvalidOperation
from sys import intern
from typing import Any

from adapters.x12.errors import KEPT_PER_SET, Finding
from adapters.x12.forward import Context, NotIso
from adapters.x12.hierarchy import level_findings
from adapters.x12.isa import isa_findings, padding_removed
from adapters.x12.library import Compiled, Library
from adapters.x12.profile import DEFAULT, Profile
from adapters.x12.scan import Scanned, element_finding, scan
from adapters.x12.tokens import Opened, Part, Stray, Token, Trailing, Walker, WholeSet
from adapters.x12.verdicts import NOTED, REJECTED, GroupVerdict, InterchangeVerdict, SetVerdict, verdict_word

_LOG = logging.getLogger(__name__)
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_SET_CONTROL = re.compile(r"[A-Za-z0-9]{4,9}\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Text in which no interchange could be found."""

    reason: str
    length: int


Found = SetVerdict | InterchangeVerdict | Unread


def examine(
    chunks: Iterable[bytes], library: Library, profile: Profile | None = None, *, documents: bool = True
) -> Iterator[Found]:
    """`profile` None: by the sender. `documents` False: verdicts only."""
    examiner = _Examiner(library, profile, documents=documents)
    walker = Walker(chunks, profile.charset if profile else None)
    for token in walker.tokens():
        if isinstance(token, Opened):
            yield from examiner.finish(walker)
        if isinstance(token, WholeSet):
            yield examiner.whole_set(token)
        else:
            examiner.envelope(token)
    yield from examiner.finish(walker)
    if not examiner.seen:
        yield Unread(reason=examiner.reason, length=examiner.lost)


EMPTY = "no ISA segment was found: the file is empty"


def no_interchange(text: str) -> str:
    """Why a file that begins so is no X12, as far as its first characters tell."""
    begins = text.lstrip()[:20]
    if not begins:
        return EMPTY
    if begins.startswith(("UNA", "UNB+")):
        return "no ISA segment was found: the file is EDIFACT, X12 is expected"
    odd = sum(not c.isprintable() and not c.isspace() for c in text[:60])
    if odd > len(text[:60]) // 10:
        return "no ISA segment was found: the file is binary"
    shown = "".join(c if c.isprintable() else " " for c in begins).rstrip()
    return f'no ISA segment was found: the file begins with "{shown}", X12 begins with ISA and a separator'


@dataclass(slots=True)
class _Examiner:
    library: Library
    fixed: Profile | None
    documents: bool
    seen: int = 0
    reason: str = EMPTY
    lost: int = 0
    current: InterchangeVerdict | None = None
    group: GroupVerdict | None = None
    closed: bool = False
    numbers: dict[tuple[Any, ...], str] = field(default_factory=dict)
    set_numbers: set[str] = field(default_factory=set)

    # ------------------------------------------------------------ envelope
    def envelope(self, token: Token) -> None:
        if isinstance(token, Opened):
            self._open(token)
        elif isinstance(token, Trailing):
            self._trailing(token)
        elif self.current is None:
            return
        elif isinstance(token, Stray):
            self._stray(token.elements[0][:3], self.current)
        elif isinstance(token, Part):
            self._part(token, self.current)

    def _open(self, token: Opened) -> None:
        self.seen += 1
        isa = padding_removed(token.elements)
        profile = self.fixed or self.library.profile_of(isa[5], isa[6]) or DEFAULT
        verdict = InterchangeVerdict(
            isa=isa, received=token.elements, delimiters=token.delimiters, profile=profile, offset=token.offset
        )
        verdict.findings += isa_findings(token, isa, profile)
        key = (isa[5], isa[6], isa[7], isa[8], isa[15], isa[13])
        if key in self.numbers:
            verdict.findings.append(Finding("duplicate_interchange", "ISA", None, 13, isa[13]))
        self.numbers[key] = isa[13]
        self.current, self.group, self.closed = verdict, None, False

    def _trailing(self, token: Trailing) -> None:
        if self.current is None:
            self.reason = token.reason or (no_interchange(token.text) if not self.lost else self.reason)
            self.lost += token.length
            return
        shown = "".join(c if c.isprintable() else " " for c in token.text[:60])
        self.current.findings.append(Finding("trailing_data", value=shown, expected=f"{token.length} bytes"))

    def _stray(self, name: str, current: InterchangeVerdict) -> None:
        if len(current.findings) < KEPT_PER_SET:
            current.findings.append(Finding("stray_segment", name, value=name))
        elif current.findings[-1].code != "errors_capped":
            current.findings.append(Finding("errors_capped", expected=str(KEPT_PER_SET)))

    def _part(self, token: Part, current: InterchangeVerdict) -> None:
        e = token.elements
        name = e[0]
        if name == "GS":
            self._close_group(None)
            self._open_group(e, current)
        elif name == "GE":
            if self.group is None or self.group.implied:
                self._close_group(None)
                self._stray("GE", current)
            else:
                self._close_group(e)
        elif name == "IEA":
            self._close_group(None)
            self._close_interchange(e, current)
        elif name == "TA1":
            current.technical.append(e)

    def _open_group(self, e: list[str], current: InterchangeVerdict) -> None:
        functional_id, control, version = (_at(e, i) for i in (1, 6, 8))
        group = GroupVerdict(functional_id=functional_id, control=control, version=version, elements=e)
        reject = current.profile.no_guide == "reject"
        groups = self.library.groups()
        if functional_id not in groups:
            group.findings.append(Finding("group_unknown", "GS", None, 1, functional_id, rejects=reject))
        elif not any(self.library.guide(current.profile.guides.get(s, version), s) for s in groups[functional_id]):
            group.findings.append(Finding("group_version", "GS", None, 8, version, rejects=reject))
        if not _NUMBER.match(control):
            group.findings.append(Finding("group_control_invalid", "GS", None, 6, control))
        self.group = group
        self.set_numbers = set()
        current.groups.append(group)

    def _close_group(self, ge: list[str] | None) -> None:
        group, self.group = self.group, None
        self.set_numbers = set()
        if group is None or self.current is None:
            return
        if ge is None:
            if not group.implied:
                group.findings.append(Finding("group_not_closed", "GS"))
        else:
            group.told = _at(ge, 1)
            if _number(group.told) != group.received:
                group.findings.append(
                    Finding("group_set_count", "GE", None, 1, group.told, expected=str(group.received))
                )
            group.findings += _same(ge, 2, group.control, "group_control_mismatch")
        group.verdict = verdict_word(group.findings, self.current.profile.tolerate)

    def _close_interchange(self, iea: list[str] | None, current: InterchangeVerdict) -> None:
        if iea is None:
            current.findings.append(Finding("interchange_not_closed", "ISA"))
        else:
            groups = sum(1 for g in current.groups if not g.implied)
            if _number(_at(iea, 1)) != groups:
                current.findings.append(
                    Finding("interchange_group_count", "IEA", None, 1, _at(iea, 1), expected=str(groups))
                )
            current.findings += _same(iea, 2, current.control, "interchange_control_mismatch")
        self.closed = True

    def finish(self, walker: Walker) -> Iterator[InterchangeVerdict]:
        """Close what is open and hand out the interchange; text that trailed it has been noted by then."""
        current = self.current
        if current is None:
            return
        self._close_group(None)
        if not self.closed:
            self._close_interchange(None, current)
        current.remarks = walker.take_remarks()
        current.end = walker.offset
        current.findings += _remarks(current)
        self.current = None
        current.verdict = verdict_word(current.findings, current.profile.tolerate)
        yield current

    # ------------------------------------------------------------ sets
    def whole_set(self, token: WholeSet) -> SetVerdict:
        current = self.current
        if current is None:
            raise ValueError(token.st)  # the reader opens an interchange before it yields a set
        if self.group is None:
            current.findings.append(Finding("group_missing", "ST"))
            self.group = GroupVerdict(functional_id="", control="", version="", elements=["GS"], implied=True)
            self.set_numbers = set()
            current.groups.append(self.group)
        group = self.group
        verdict = SetVerdict(
            set=intern(_at(token.st, 1)),
            control=_at(token.st, 2),
            segments=token.total,
            offset=token.offset,
            length=token.length,
        )
        found = self._set_envelope(token, verdict, group)
        tolerate = current.profile.tolerate
        version = current.profile.guides.get(verdict.set, group.version)
        compiled = self.library.guide_for(current.profile, version, verdict.set)
        if compiled is None:
            reject = current.profile.no_guide == "reject"
            wanted = f"{group.version}/{verdict.set}"
            found.append(Finding("no_guide", "ST", 1, 1, verdict.set, expected=wanted, rejects=reject))
        else:
            verdict.kind = compiled.guide.document
            tolerate |= compiled.guide.tolerate
            try:
                self._content(token, compiled, verdict, current, found)
            except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
                _LOG.exception("a set could not be examined", extra={"action": "x12.engine_fault", "set": verdict.set})
                found.append(Finding("engine_fault", expected=type(error).__name__))
                verdict.document = None
        verdict.findings = tuple(found)
        verdict.verdict = verdict_word(found, tolerate)
        group.sets.append(verdict)
        return verdict

    def _set_envelope(self, token: WholeSet, verdict: SetVerdict, group: GroupVerdict) -> list[Finding]:
        found: list[Finding] = []
        if not (len(verdict.set) == 3 and verdict.set.isascii() and verdict.set.isalnum()):
            found.append(Finding("set_id_invalid", "ST", 1, 1, verdict.set))
        if not _SET_CONTROL.match(verdict.control):
            found.append(Finding("set_control_invalid", "ST", 1, 2, verdict.control))
        elif verdict.control in self.set_numbers:
            found.append(Finding("set_control_duplicate", "ST", 1, 2, verdict.control))
        self.set_numbers.add(verdict.control)
        belongs = self.library.groups().get(group.functional_id)
        if (
            belongs is not None
            and verdict.set not in belongs
            and any(verdict.set in sets for sets in self.library.groups().values())
        ):
            found.append(Finding("set_not_of_group", "ST", 1, 1, verdict.set, expected=group.functional_id))
        if token.se is None:
            found.append(Finding("set_not_closed", "ST", 1))
        else:
            if _number(_at(token.se, 1)) != token.total:
                found.append(
                    Finding("set_segment_count", "SE", token.total, 1, _at(token.se, 1), expected=str(token.total))
                )
            found += _same(token.se, 2, verdict.control, "set_control_mismatch", token.total)
        if token.fault is not None:
            code, limit, position = token.fault
            found.append(Finding(code, None if code == "set_too_large" else "", position or None, expected=limit))
        return found

    def _content(
        self,
        token: WholeSet,
        compiled: Compiled,
        verdict: SetVerdict,
        current: InterchangeVerdict,
        found: list[Finding],
    ) -> None:
        if token.fault is not None:
            return
        tolerate = current.profile.tolerate | compiled.guide.tolerate
        marks = current.delimiters
        scanned = scan(compiled.guide, compiled.plan, token.segments, marks.component, marks.repetition)
        if token.suspect:
            _control_characters(compiled, token.segments, scanned)
        if "HL" in compiled.guide.segments:
            for finding in level_findings(token.segments, compiled.guide, current.profile):
                scanned.add(finding)
        found += scanned.findings
        if not self.documents or verdict_word(found, tolerate) == REJECTED:
            return
        self._document(scanned, compiled, verdict, current, found)

    def _document(
        self,
        scanned: Scanned,
        compiled: Compiled,
        verdict: SetVerdict,
        current: InterchangeVerdict,
        found: list[Finding],
    ) -> None:
        """Levels 3 to 5."""
        marks, profile = current.delimiters, current.profile
        context = Context(marks.component, marks.repetition, profile.settings)
        try:
            document = compiled.read(scanned.tree, 1, context)
            rulings = compiled.rulings(scanned.tree, document, {})
        except (InvalidOperation, NotIso, ValueError) as error:
            found.append(Finding("amount_unreadable", value=str(error)[:60], expected="an amount, a date or a number"))
            return
        acked = 4 in profile.ack_levels or profile.ack == "999"
        for finding in rulings:
            rejects = finding.code == "require_failed" and acked
            found.append(finding._replace(rejects=rejects))
        for table, segment, element, value in context.missed:
            name = compiled.guide.segments[segment].of[element - 1].name
            found.append(Finding("unmapped", segment, None, element, value, expected=table, name=name))
        for segment, element, value in context.twice:
            name = compiled.guide.segments[segment].of[element - 1].name
            found.append(Finding("party_repeated", segment, None, element, value, name=name))
        verdict.document = document


def _control_characters(compiled: Compiled, segments: list[list[str]], scanned: Scanned) -> None:
    for position, e in enumerate(segments, 2):
        spec = compiled.guide.segments.get(e[0])
        for i, value in enumerate(e[1:], 1):
            if spec is not None and i <= len(spec.of) and _CONTROL.search(value):
                scanned.add(
                    element_finding(compiled.guide, e[0], position, ("character_invalid", i, None, None, value), None)
                )


def _at(e: list[str], i: int) -> str:
    return e[i].strip() if len(e) > i else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


def _same(e: list[str], at: int, opened: str, code: str, position: int | None = None) -> list[Finding]:
    """Control numbers are compared as text, then as numbers."""
    told = _at(e, at)
    if told == opened:
        return []
    if _number(told) == _number(opened) >= 0:
        return [Finding("control_leading_zeros", e[0], position, at, told, expected=opened)]
    return [Finding(code, e[0], position, at, told, expected=opened)]


def _remarks(current: InterchangeVerdict) -> list[Finding]:
    remarks = current.remarks
    found = []
    if remarks.guessed:
        found.append(Finding("charset_guessed", value=str(remarks.guessed)))
    if remarks.empty:
        found.append(Finding("empty_segment", value=str(remarks.empty)))
    if remarks.wrapped:
        found.append(Finding("lines_wrapped"))
    if remarks.unterminated:
        found.append(Finding("unterminated"))
    return found


def standing(interchange: InterchangeVerdict) -> Mapping[str, int]:
    """How many sets came to which verdict, the levels above respected."""
    counts: dict[str, int] = {}
    for group in interchange.groups:
        for one in group.sets:
            word = REJECTED if REJECTED in (interchange.verdict, group.verdict) else one.verdict
            counts[word] = counts.get(word, 0) + 1
    return counts


def all_accepted(interchange: InterchangeVerdict) -> bool:
    words = [interchange.verdict, *(g.verdict for g in interchange.groups)]
    words += [s.verdict for g in interchange.groups for s in g.sets]
    return REJECTED not in words and NOTED not in words
