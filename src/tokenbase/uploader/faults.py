"""What stops an upload before or in the middle of it, each with its cure."""

from __future__ import annotations

from tokenbase.contract import problems


class BadCall(problems.TokenbaseError):
    """The upload was asked for in a way that cannot be meant."""

    code = 804


class BadSource(problems.TokenbaseError):
    """The source cannot be read."""

    code = 805


class BadMapping(problems.TokenbaseError):
    """The mapping of columns cannot be used."""

    code = 806


class BadReport(problems.TokenbaseError):
    """The report or the rejected rows cannot be written."""

    code = 807
