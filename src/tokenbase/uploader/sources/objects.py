"""Values of other systems, such as dates and decimals, as the plain ones of JSON that a mapping reads."""

from __future__ import annotations

import datetime as dt


def plain(value: object) -> object:
    """Return a value as JSON could hold it."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(inner) for inner in value]
    if isinstance(value, (bytes, memoryview)):
        data = bytes(value)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.hex()
    return str(value)
