"""Results, files and guides in words for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from adapters.x12.library import Compiled, Library
from adapters.x12.model import Element, Guide, Leaf, Loop, Note, SegmentSpec, leaves
from adapters.x12.sample import sample_file
from adapters.x12.tokens import Opened, Part, Stray, Walker, WholeSet

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


def explain(chunks: Iterable[bytes], library: Library) -> Iterator[str]:
    """Every segment of a file in words, by the guide of its set where there is one."""
    version = ""
    for token in Walker(chunks).tokens():
        if isinstance(token, Opened):
            e = [x.strip() for x in token.elements]
            yield f"Interchange {e[13]} from {e[5]}/{e[6]} to {e[7]}/{e[8]}, version {e[12]}."
        elif isinstance(token, Part):
            version = token.elements[8] if token.elements[0] == "GS" and len(token.elements) > 8 else version
            yield f"  {' '.join(token.elements)}"
        elif isinstance(token, WholeSet):
            set_id = token.st[1] if len(token.st) > 1 else ""
            compiled = library.guide(version, set_id)
            yield f"  Set {set_id}{' ' + compiled.guide.title if compiled else ''}, {token.total} segments."
            for position, e in enumerate(token.segments, 2):
                yield f"    {position:>5}  {_segment(e, compiled)}"
        elif isinstance(token, Stray):
            yield f"  Outside any set: {' '.join(token.elements)}"
        else:
            yield f"{token.length} bytes that are no X12."


def _segment(e: list[str], compiled: Compiled | None) -> str:
    spec = compiled.guide.segments.get(e[0]) if compiled is not None else None
    if spec is None:
        return " ".join(e)
    said = [f"{spec.of[i - 1].name} {v}" if i <= len(spec.of) else v for i, v in enumerate(e) if i and v]
    return f"{e[0]} {spec.name}: {', '.join(said)}"


def guide_lines(guide: Guide) -> Iterator[str]:
    """A guide as an outline: structure, then each segment's elements."""
    yield f"{guide.set} {guide.title}, version {guide.version}, group {guide.group}, becomes {guide.document}"
    yield from _outline(guide.structure, 1)
    for spec in guide.segments.values():
        yield f"{spec.id} {spec.name}" + (f" ({', '.join(str(n) for n in spec.notes)})" if spec.notes else "")
        for at, use in enumerate(spec.of, 1):
            element = use.element
            shape = f"{element.kind} {element.low}-{element.high}" if isinstance(element, Element) else "composite"
            codes = f" of {', '.join(sorted(use.codes))}" if use.codes else ""
            yield f"  {at:02d} {use.use} {element.number} {use.name}: {shape}{codes}"


def _outline(nodes: Iterable[Leaf | Loop], depth: int) -> Iterator[str]:
    for node in nodes:
        name = node.seg if isinstance(node, Leaf) else f"loop {node.name}"
        yield f"{'  ' * depth}{name} {node.use} {'max ' + str(node.max) if node.max else 'no limit'}"
        if isinstance(node, Loop):
            yield from _outline(node.of, depth + 1)
            for code, body in node.variants.items():
                yield f"{'  ' * (depth + 1)}when {code}"
                yield from _outline(body, depth + 2)


def guide_page(guide: Guide) -> str:
    """A guide as a page without scripts, to send to a partner: structure, each segment as a table, and a sample that it accepts."""
    title = escape(f"{guide.set} {guide.title} {guide.version}")
    outline = "\n".join(escape(line) for line in _outline(guide.structure, 0))
    sample = escape(sample_file(guide).rstrip("\n"))
    used = dict.fromkeys(leaf.seg for leaf in leaves(guide.structure))
    tables = "\n".join(_table(guide.segments[name]) for name in used)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head><body>
<h1>{title}</h1>
<p>Functional group {escape(guide.group)}. M mandatory, O optional, C conditional, N not used.</p>
<h2>Structure</h2>
<pre>
{outline}
</pre>
<h2>Segments</h2>
{tables}
<h2>Sample</h2>
<p>A test interchange with the least that is accepted; the names are made up.</p>
<pre>
{sample}
</pre>
</body></html>"""


_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{background:#f4f4f4;padding:1rem;overflow:auto}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.2rem .5rem;text-align:left;vertical-align:top}"


def note_words(note: Note, segment: str) -> str:
    """A syntax note as a sentence, with the places that it is about."""
    places = [f"{segment}{at:02d}" for at in note.at]
    first, rest = places[0], places[1:]
    match note.kind:
        case "P":
            return f"{' and '.join(places)} come together"
        case "R":
            return f"at least one of {', '.join(places)} is there"
        case "E":
            return f"only one of {', '.join(places)} is there"
        case "C":
            return f"with {first} comes {' and '.join(rest)}"
        case _:
            return f"with {first} comes at least one of {', '.join(rest)}"


def _table(spec: SegmentSpec) -> str:
    told = "; ".join(f"{note_words(n, spec.id)} ({n})" for n in spec.notes)
    notes = f"<p>Syntax notes: {escape(told)}.</p>" if told else ""
    rows = []
    for at, use in enumerate(spec.of, 1):
        element = use.element
        shape = f"{element.kind} {element.low}-{element.high}" if isinstance(element, Element) else "composite"
        codes = ", ".join(sorted(use.codes)) if use.codes else ""
        cells = (f"{spec.id}{at:02d}", use.use, element.number, use.name, shape, codes)
        rows.append("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>")
    head = "".join(f"<th>{n}</th>" for n in ("Place", "Use", "Element", "Name", "Type and length", "Codes"))
    return (
        f"<h3>{escape(spec.id)} {escape(spec.name)}</h3>\n{notes}<table><tr>{head}</tr>\n{chr(10).join(rows)}</table>"
    )
