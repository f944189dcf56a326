"""JSON Lines: an object a line; a line that is none is a broken row."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import files

_DECODER = msgspec.json.Decoder(dict[str, object])


def rows(file: files.File) -> Iterator[Row]:
    """Yield the rows; blank lines are none."""
    for number, line in enumerate(file.lines(), 1):
        if line and not line.isspace():
            yield row(number, line)


def row(number: int, text: str) -> Row:
    """Return the row that an object's text is."""
    try:
        return Row(number, text, _DECODER.decode(text.encode("utf-8")))
    except UnicodeEncodeError:
        return Row(number, text, {}, "it is not UTF-8: save the file as UTF-8")
    except msgspec.ValidationError:
        return Row(number, text, {}, 'it is not a JSON object such as {"externalCustomerId": "…"}')
    except msgspec.DecodeError as fault:
        return Row(number, text, {}, f"it is not JSON: {str(fault).removeprefix('JSON is malformed: ')}")
    except RecursionError:
        return Row(number, text, {}, "it is nested too deeply")
