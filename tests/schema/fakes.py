"""A commands port in memory: enough to see what the API hands over and what it makes of an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from schema.commands import Ask, Outcome, Refusal
from schema.errors import IdempotencyKeyReused


class FakeCommands:
    """Answers every mutation by `outcomes[name]` (an Outcome, or a function of ask and input); remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Ask, Any]] = []
        self.outcomes: dict[str, Any] = {}
        self.kept: dict[tuple[int, str, str], tuple[bytes, Any]] = {}
        self.connection: Any = None  # for a dry run's look

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def act(ask: Ask, given: Any) -> Any:
            scope = (ask.principal.tenant, ask.principal.actor, ask.key or "")
            if ask.key and scope in self.kept:
                input_hash, outcome = self.kept[scope]
                if input_hash != ask.input_hash:
                    raise IdempotencyKeyReused
                return _replayed(outcome)
            self.asked.append((ask, given))
            made = self.outcomes[name]
            outcome = made(ask, given) if callable(made) else made
            if ask.look is not None:
                await ask.look(self.connection, outcome)
            if ask.key and not getattr(outcome, "refusals", ()):
                self.kept[scope] = (ask.input_hash, outcome)
            return outcome

        if name.startswith("_"):
            raise AttributeError(name)
        return act


def _replayed(outcome: Any) -> Any:
    if isinstance(outcome, tuple):
        return tuple(_replayed(o) for o in outcome)
    return Outcome(ids=outcome.ids, event_ids=outcome.event_ids, data=outcome.data, replayed=True)


def not_found(path: str) -> Outcome:
    return Outcome(refusals=(Refusal(code="NOT_FOUND", message="There is none with this id.", field=(path,)),))


def uuid_of(public: str) -> UUID:
    return UUID(public[4:])
