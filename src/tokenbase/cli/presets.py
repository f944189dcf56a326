"""`tokenbase presets`: which exports of other systems are known, and what becomes of their columns."""

from __future__ import annotations

import sys

from tokenbase import cli
from tokenbase.uploader import presets as known
from tokenbase.uploader.faults import BadCall


def presets(name: str | None = None, /) -> int:
    """List the presets of upload --from with what they are for; with a name, show the mapping that it is.

    Parameters
    ----------
    name
        The preset to show, as the mapping that it is.
    """
    if name is not None:
        try:
            sys.stdout.write(known.text(name))
        except BadCall as fault:
            sys.stderr.write(f"tokenbase: {fault.message}\n")
            return cli.USAGE
        return 0
    for preset in known.names():
        plan = known.load(preset)
        print(preset, plan.title, ", ".join(dict.fromkeys(plan.columns.values())), sep="\t")
    return 0
