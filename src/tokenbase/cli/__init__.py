"""The command `tokenbase`: one file a verb, each a thin skin over functions that can be called without it."""

from __future__ import annotations

import sys

import cyclopts

import tokenbase
from tokenbase.contract import problems

FAILED, USAGE, REJECTED, NOT_AUTHORISED, TRY_AGAIN = 1, 2, 3, 4, 75
"""Exit codes other than 0: a failure, a wrong call, finished with rejected rows, no valid key, try again later."""

_HELP = {
    "serve": "Run the server.",
    "demo": "Show the whole of it: a server, a sample base, an upload.",
    "upload": "Upload a token base to a server.",
    "check": "Look at a source before it is uploaded.",
    "verify": "Ask the server whether everything arrived.",
    "export": "Write the base of a server to a file.",
    "deactivate": "Switch off a list of dead tokens.",
    "presets": "List the exports that are known, or show one.",
    "account": "Make and list accounts.",
    "key": "Make, list, switch and delete API keys.",
    "field": "Make and list additional fields.",
    "app": "Register and list apps.",
}
_NEEDS_SERVER = frozenset(_HELP) - {"upload", "check", "verify", "export", "deactivate", "presets"}

app = cyclopts.App(
    name="tokenbase",
    help="The self-hosted home for a company's mobile push tokens.",
    version=tokenbase.__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
# By name, so that the client can be installed and used without what the server needs.
for _verb, _text in _HELP.items():
    app.command(f"tokenbase.cli.{_verb}:{_verb}", name=_verb, help=_text)


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = app()
    except ImportError as fault:
        missing = fault.__cause__ or fault
        ours = isinstance(missing, ImportError) and (missing.name or "").startswith("tokenbase")
        if sys.argv[1:2] and sys.argv[1] in _NEEDS_SERVER and not ours:
            sys.stderr.write(f"tokenbase {sys.argv[1]} needs the server's parts: pip install 'tokenbase[server]'\n")
            sys.exit(USAGE)
        raise
    except problems.TokenbaseError as fault:
        sys.stderr.write(f"tokenbase: {fault.message}\n")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code or 0)
