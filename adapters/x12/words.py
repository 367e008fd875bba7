"""A check's result as sentences for people: one a finding, then the ack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_VERDICTS = {"accepted": "accepted", "accepted_with_errors": "accepted with errors", "rejected": "rejected"}


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    if result["outcome"] == "unreadable":
        yield f"{result['file']}: unreadable, {result['reason']}."
        return
    yield f"{result['file']}: {'all accepted' if result['outcome'] == 'ok' else 'with errors'}."
    for interchange in result["interchanges"]:
        yield (
            f"  Interchange {interchange['control']} from {interchange['sender']} to {interchange['receiver']}: "
            f"{_VERDICTS[interchange['verdict']]}, TA1 {interchange['ta1_code']}."
        )
        yield from _errors(interchange["errors"], 4)
        for group in interchange["groups"]:
            yield f"    Group {group['functional_id']} {group['control']} ({group['version']}): {_VERDICTS[group['verdict']]}."
            yield from _errors(group["errors"], 6)
            for one in group["sets"]:
                yield from _set(one)
        if interchange["ack"]:
            yield "  Would be answered:"
            for segment in interchange["ack"].split("~"):
                if segment.strip():
                    yield f"    {segment.strip()}~"


def _set(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"      Set {one['set']} {one['control']}, {one['segments']} segments: {_VERDICTS[one['verdict']]}."
    yield from _errors(one["errors"], 8)
    for document in one["documents"]:
        parties = ", ".join(f"{p['role']} {p['name'] or p['id'] or ''}".strip() for p in document["parties"])
        total = f", total {document['amount_total']}" if document["amount_total"] else ""
        yield (
            f"        {document['kind']} {document['number'] or ''} of {document['date'] or 'no date'}: "
            f"{document['line_count']} lines{total}{'; ' + parties if parties else ''}."
        )


def _errors(errors: list[Mapping[str, Any]], pad: int) -> Iterator[str]:
    for error in errors:
        ak = f" [{error['ak']}]" if error["ak"] else ""
        yield f"{' ' * pad}{error['message']}{ak}"
