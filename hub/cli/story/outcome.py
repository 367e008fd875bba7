"""What came of the story: where each order ended and why, what the authority and the partner were told."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hub.cli.story.script import CAST, Story


async def told(story: Story, *, seconds: float, trouble: str | None) -> dict[str, Any]:
    """The end of each order beside the one that the story says; `ok` only when all agree."""
    rows = []
    for role in CAST:
        order = await story.order(role.number)
        holds = tuple(h["kind"] for h in order["holds"]) if order else ()
        state = order["state"] if order else "MISSING"
        rows.append(
            {
                "number": role.number,
                "shows": role.shows,
                "state": state,
                "holds": holds,
                "ok": state == role.state and holds == role.holds,
                "order": order,
            }
        )
    sums = await story.ask(
        """{ orders { totalCount { value } } fiscalDocuments(where: {state: AUTHORIZED}) { totalCount { value } }
             incidents { nodes { kind state summary } totalCount { value } } events { totalCount { value exact } } }""",
        {},
    )
    acks = Counter(p.name.split("_")[1] for p in story.stage.partner_out.iterdir())
    return {
        "orders": sums["orders"]["totalCount"]["value"],
        "states": dict(Counter(r["state"] for r in rows)),
        "invoices_authorized": sums["fiscalDocuments"]["totalCount"]["value"],
        "acks": dict(acks),
        "incidents": sums["incidents"]["totalCount"]["value"],
        "facts": sums["events"]["totalCount"]["value"],
        "seconds": round(seconds, 1),
        "ok": trouble is None and all(r["ok"] for r in rows) and sums["orders"]["totalCount"]["value"] == len(CAST),
        "rows": rows,
        "trouble": trouble,
        "open_incidents": [i for i in sums["incidents"]["nodes"] if i["state"] != "RESOLVED"],
    }


def table(found: dict[str, Any]) -> None:
    """For people."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(
        "order", "ended", "holds", "nodes and notes", "what it shows", title="What happened to each order and why"
    )
    for row in found["rows"]:
        parts = [
            f"{f['location']['code']} {f['state']}"
            + (f" NF-e {f['fiscalDocument']['number']} {f['fiscalDocument']['state']}" if f["fiscalDocument"] else "")
            for f in (row["order"] or {}).get("fulfillments", ())
        ]
        mark = "" if row["ok"] else " (!)"
        shown.add_row(row["number"], row["state"] + mark, ", ".join(row["holds"]), "\n".join(parts), row["shows"])
    console = Console()
    console.print(shown)
    for incident in found["open_incidents"]:
        console.print(f"incident {incident['kind']}: {incident['summary']}")
    if found["trouble"]:
        console.print(f"the story stopped: {found['trouble']}")
    counted = {k: found[k] for k in ("orders", "invoices_authorized", "acks", "incidents", "facts", "seconds", "ok")}
    console.print(counted)
