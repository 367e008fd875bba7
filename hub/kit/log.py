"""Structured logs: JSON lines or a console for people, one sentence and ids, redacted last of all.

Lines of libraries that use the standard `logging` take the same way.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from hub.kit.redact import redact

Format = Literal["auto", "json", "console"]

# Their INFO lines hold addresses with queries, or repeat what we say ourselves.
QUIET = ("httpx", "httpcore", "asyncssh", "sqlalchemy.engine", "alembic.runtime.migration", "uvicorn.access")


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The last processor before rendering: nothing that a line holds is added after it."""
    return dict(redact(event))


def _dumps(event: EventDict, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()


class _Stderr:
    """The process's stderr as it is at each line: whoever replaces it later gets the lines."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


def configure_logging(*, level: str = "info", style: Format = "auto", stream: TextIO | None = None) -> None:
    """Set up structlog and `logging` for this process, once, at start; to stderr unless told otherwise."""
    out = stream or cast("TextIO", _Stderr())
    number = logging.getLevelNamesMapping()[level.upper()]
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redacted,
    ]
    renderer = _renderer(style, out)
    structlog.configure(
        processors=[*chain, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    _configure_standard(chain, renderer, out, number)


def _renderer(style: Format, out: TextIO) -> Processor:
    if style == "console" or (style == "auto" and out.isatty()):
        plain = structlog.dev.plain_traceback  # the rich one prints local variables
        return structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=plain)
    return structlog.processors.JSONRenderer(serializer=_dumps)


def _configure_standard(chain: list[Processor], renderer: Processor, out: TextIO, level: int) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *chain[:-1]],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redacted, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
