"""Where a partner's profile asks for a second engine, its opinion of each set is kept beside ours. Ours decides; a difference is an incident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hub.canon.ports import Adapter, Envelope
from hub.flows.source import Source
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.processes import Processes
from hub.ledger import append, fact


class Opinion(NamedTuple):
    """`theirs` None: the other engine has none."""

    engine: str
    theirs: bool | None


async def asked(processes: Processes, adapter: Adapter, envelope: Envelope) -> Opinion | None:
    """Outside of any unit. None: nobody asks for one, or it is about no set."""
    engine = envelope.headers.get("x12-engine")
    if adapter.second is None or not engine or "x12-set" not in envelope.headers:
        return None
    return Opinion(engine, await processes.run(adapter.second, envelope))


async def noted(tx: Tx, found: Sequence[tuple[Opinion, Envelope, Source]], incidents: Incidents) -> None:
    """A fact for each, and an incident for each that is not ours."""
    differ: list[NewIncident] = []
    for opinion, envelope, source in found:
        h = envelope.headers
        ours = h["x12-verdict"] != "rejected"
        words = {True: "accepts", False: "rejects", None: "has no opinion of"}
        said = {
            "engine": opinion.engine,
            "set": h["x12-set"],
            "control": h["x12-set-control"],
            "ours": ours,
            "theirs": opinion.theirs,
        }
        append(tx, [fact(tx, "exchange.second_opinion", "message", source.message_id, said, source.cause)])
        if opinion.theirs not in (None, ours):
            what = f"{opinion.engine} {words[opinion.theirs]} the {h['x12-set']} {h['x12-set-control']} that we {words[ours][:-1]}"
            differ.append(
                NewIncident(
                    kind="engines_differ",
                    summary=f"{what}; our verdict stands.",
                    subject_kind="message",
                    subject_id=source.message_id,
                    cause=source.cause,
                    data=said,
                )
            )
    await incidents.open(tx, differ)
