"""A tree of conditions as the WHERE of a statement about `contact`.

The SQL is made of the fragments in this module alone; whatever a stranger sent is a parameter. Each fragment that reads
another table names the account.
"""

from __future__ import annotations

import datetime as dt

from psycopg import sql as composing

from tokenbase.contacts import identity
from tokenbase.segments import conditions

_COLUMNS = {
    "firstName": "contact.first_name",
    "lastName": "contact.last_name",
    "region": "contact.region",
    "town": "contact.town",
    "postcode": "contact.postcode",
    "language": "contact.language_code",
    "timeZone": "contact.time_zone",
    "externalCustomerId": "contact.external_id",
    "email": "contact.email",
    "sms": "contact.sms",
    "created": "contact.created_at",
    "updated": "contact.updated_at",
    "app": "token.app_id",
    "os": "token.os",
    "deviceModel": "token.device_model",
    "appVersion": "token.app_version",
    "clientVersion": "token.client_version",
    "locale": "token.locale",
    "deviceLanguage": "token.language",
    "environment": "token.environment",
    "provider": "token.provider",
    "active": "token.active",
    "registered": "token.registered_at",
    "lastActive": "token.last_active_at",
}
_NAMED = {"firstName": "f", "lastName": "l"}
_KEYED = {"externalCustomerId": "external_id", "email": "email", "sms": "sms"}
_COMPARED = {"above": ">", "below": "<", "atLeast": ">=", "atMost": "<=", "before": "<", "after": ">"}

_OF_TOKENS = (
    "EXISTS (SELECT FROM token WHERE token.account_id = %(account_id)s AND token.contact_id = contact.id AND {})"
)
_OF_KEYS = "contact.id IN (SELECT contact_id FROM identity WHERE account_id = %(account_id)s AND key = ANY({}::uuid[]))"
# As the search by names asks: by an index over all accounts, the account a sum lest all its contacts be read instead.
_OF_NAMES = (
    "contact.id IN (SELECT named.id FROM contact AS named WHERE named.account_id + 0 = %(account_id)s"
    " AND named.deleted_at IS NULL AND (named.first_name IS NOT NULL OR named.last_name IS NOT NULL)"
    " AND ARRAY['f' || named.account_id::text || ':' || lower(named.first_name),"
    " 'l' || named.account_id::text || ':' || lower(named.last_name)] && ARRAY[{}])"
)
_OF_SEGMENTS = (
    "EXISTS (SELECT FROM segment_member AS member WHERE member.account_id = %(account_id)s"
    " AND member.contact_id = contact.id AND member.segment_id = ANY({}::bigint[]))"
)
_OF_EVENTS = (
    "EXISTS (SELECT FROM event WHERE event.account_id = %(account_id)s AND event.contact_id = contact.id"
    " AND event.event_type_id = (SELECT id FROM event_type WHERE account_id = %(account_id)s AND key = {}){})"
)
# A version compares number by number, and 1.0 is 1: leading digits with dots, trailing zeros cut, as an array.
_VERSION = (
    "string_to_array(regexp_replace(substring({} from '^[0-9]+(?:[.][0-9]+)*'), '([.]0+)+$', ''), '.')::numeric[]"
)

# Not every moment that was once taken into a field is one to PostgreSQL.
_MOMENT = (
    "(CASE WHEN {} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(T[0-9:.]+)?([+-](0[0-9]|1[0-5]):[0-9]{{2}}(:[0-9]{{2}})?)?$'"
    " THEN {} END)"
)

Where = tuple[composing.Composable, dict[str, object]]


def where(tree: conditions.Node, now: dt.datetime) -> Where:
    """Return the SQL of the conditions and its parameters; `account_id` is to be given beside them."""
    compiler = _Compiler(now)
    return compiler.node(tree), compiler.given


class _Compiler:
    def __init__(self, now: dt.datetime) -> None:
        self.given: dict[str, object] = {}
        self._now = now

    def node(self, node: conditions.Node, of_device: bool = False) -> composing.Composable:
        """Return the SQL of a node; inside a device it is about one token, and asks of no other."""
        if isinstance(node, conditions.Leaf):
            found = self._leaf(node)
            return _filled(_OF_TOKENS, found) if node.name in conditions.DEVICE and not of_device else found
        if node.word == "device":
            return _filled(_OF_TOKENS, _joined(" AND ", [self.node(part, of_device=True) for part in node.parts]))
        parts = [self.node(part, of_device) for part in node.parts]
        return _filled("NOT {}", parts[0]) if node.word == "not" else _joined(_WORDS[node.word], parts)

    def _parameter(self, value: object) -> composing.Composable:
        name = f"given_{len(self.given)}"
        self.given[name] = value
        return composing.Placeholder(name)

    def _leaf(self, leaf: conditions.Leaf) -> composing.Composable:
        values = list(leaf.values)
        if leaf.name == "event":
            return self._event(leaf)
        if leaf.kind == "segment":
            return _filled(_OF_SEGMENTS, self._parameter(values))
        if leaf.kind == "channel":
            return _joined(" OR ", [self._channel(str(channel)) for channel in values])
        if leaf.kind == "key" and leaf.operator != "known":
            keys = [identity.of_column(_KEYED[leaf.name], str(value)) for value in values]
            return _filled(_OF_KEYS, self._parameter(keys))
        if leaf.name in _NAMED and leaf.operator in ("is", "in"):
            mark = f"'{_NAMED[leaf.name]}' || %(account_id)s::integer::text || ':' || lower({{}})"
            marks = [_filled(mark, self._parameter(value)) for value in values]
            return _filled(_OF_NAMES, composing.SQL(", ").join(marks))
        if leaf.name == "field":
            column = _filled("(contact.fields ->> {})", self._parameter(leaf.of))
            if leaf.kind == "moment" and leaf.operator != "known":
                column = _filled(_MOMENT, column, column)
        else:
            column = composing.SQL(_COLUMNS[leaf.name])
        if leaf.operator == "known":
            return _filled("({} IS NOT NULL) = {}", column, self._parameter(values[0]))
        return _filled("coalesce({}, false)", self._compared(leaf, column))

    def _compared(self, leaf: conditions.Leaf, column: composing.Composable) -> composing.Composable:
        kind, operator, values = leaf.kind, leaf.operator, list(leaf.values)
        if operator == "within":
            # In the future it is not within the last days, whatever a device's clock said.
            since = self._now - dt.timedelta(days=int(str(values[0])))
            column = _filled("{}::timestamptz", column)
            return _filled("{} BETWEEN {} AND {}", column, self._parameter(since), self._parameter(self._now))
        if operator in ("before", "after"):
            parts = (_filled("{}::timestamptz", column), composing.SQL(_COMPARED[operator]), self._parameter(values[0]))
            return _filled("{} {} {}::timestamptz", *parts)
        if operator == "startsWith":
            return _filled("starts_with(lower({}), lower({}))", column, self._parameter(values[0]))
        if operator in ("is", "in"):
            if kind == "version":
                return _filled(f"{_VERSION}::text = ANY({{}})", column, self._parameter(list(map(_version, values))))
            if kind == "text":
                words = [_filled("lower({})", self._parameter(value)) for value in values]
                return _filled("lower({}) IN ({})", column, composing.SQL(", ").join(words))
            if kind == "choices":
                return _filled("string_to_array({}, ',') && {}::text[]", column, self._parameter(values))
            cast = {"number": "numeric", "uuid": "uuid", "flag": "boolean"}.get(kind, "text")
            return _filled(f"{{}}::{cast} = ANY({{}}::{cast}[])", column, self._parameter(values))
        compared = composing.SQL(_COMPARED[operator])
        if kind == "version":
            return _filled(f"{_VERSION} {{}} {_VERSION}", column, compared, self._parameter(values[0]))
        return _filled("{}::numeric {} {}::numeric", column, compared, self._parameter(values[0]))

    def _channel(self, channel: str) -> composing.Composable:
        if channel in ("mobilepush", "webpush"):
            return _filled(_OF_TOKENS, _filled("token.channel = {}", self._parameter(channel)))
        return composing.SQL(f"contact.{channel} IS NOT NULL")

    def _event(self, leaf: conditions.Leaf) -> composing.Composable:
        key = self._parameter(leaf.of)
        if leaf.operator == "known":
            return _filled("({}) = {}", _filled(_OF_EVENTS, key, composing.SQL("")), self._parameter(leaf.values[0]))
        moment = self._compared(leaf, composing.SQL("event.occurred_at"))
        return _filled(_OF_EVENTS, key, _filled(" AND {}", moment))


_WORDS = {"all": " AND ", "any": " OR "}


def _version(value: object) -> str:
    """Return a version as PostgreSQL writes the array that it is."""
    numbers = [int(part) for part in str(value).split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return f"{{{','.join(map(str, numbers))}}}"


def _filled(fragment: str, *parts: composing.Composable) -> composing.Composable:
    return composing.SQL(fragment).format(*parts)


def _joined(word: str, parts: list[composing.Composable]) -> composing.Composable:
    return _filled("({})", composing.SQL(word).join(parts))
