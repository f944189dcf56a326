"""Logs on standard error: lines for people on a terminal, JSON everywhere else. Secrets never get through."""

from __future__ import annotations

import logging
import re
import sys

import structlog

_SECRET = re.compile(r"key|secret|password|authorization|token|credential", re.IGNORECASE)


def configure() -> None:
    """Set up logging for this process."""
    terminal = sys.stderr.isatty()
    last = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    stamp = (structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True))
    # What libraries log, such as the pool's failing connections, comes out in the same form.
    theirs = logging.StreamHandler(sys.stderr)
    theirs.setFormatter(structlog.stdlib.ProcessorFormatter(processor=last, foreign_pre_chain=stamp))
    logging.basicConfig(handlers=[theirs], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *stamp,
            structlog.processors.format_exc_info,
            _mask,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _mask(
    logger: structlog.typing.WrappedLogger, name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {key: "***" if _SECRET.search(key) else value for key, value in event.items()}
