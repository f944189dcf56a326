"""Who is who: each contact of a batch, in order, finds its person or becomes a new one (contract 3, "Who is matched").

The batch is worked through in memory over what `loading` fetched for it, so the outcome is that of one contact after
another, whatever they share. Nothing is read or written here.
"""

from __future__ import annotations

import msgspec

from tokenbase.contacts import identity, incoming, people, reading, rules
from tokenbase.contract import limits, problems


class Taken(msgspec.Struct, frozen=True):
    """What became of one contact: `result` as contract 3 names it, and whether anything of the person changed."""

    index: int
    person: people.Person
    result: str
    changed: bool


class Base:
    """The part of an account's base that one batch can touch."""

    def __init__(self, identifying: frozenset[int]) -> None:
        """Take the ids of the additional fields whose values stand in the identity table."""
        self.identifying = identifying
        self.by_id: dict[int, people.Person] = {}
        self.by_external_id: dict[str, people.Person] = {}
        self.holders: dict[str, list[people.Person]] = {}
        """By the key of a shared kind that the request matches by: who holds it now."""
        self.tokens: dict[str, people.Token] = {}
        self.kept_tokens: dict[int, list[people.Token]] = {}
        """By the id of a deleted contact: the tokens it would come back with."""
        self.stale: list[tuple[int, str]] = []
        """Rows of tokens that a restored contact lost to another one meanwhile: (contact id, key)."""
        self.created: list[people.Person] = []
        self._steps = 0

    def take(self, sent: incoming.Incoming, how: rules.Rules) -> Taken | problems.Problem:
        """Apply one contact. A Problem means that it was skipped or cannot be stored, and that nothing changed."""
        person = _fault(sent, how) or self._find(sent, how)
        if person is None:
            if "id" in how.kinds and not sent.external_id:
                message = f"there is no contact {sent.contact_id} in this account; leave id out to create one"
                return _problem(sent, "id", problems.CONTACT_ID_UNKNOWN, message)
            return Taken(sent.index, self._create(sent, how), "created", True)
        if isinstance(person, problems.Problem):
            return person
        person.meet(sent.digest)
        restored = person.deleted
        if restored:
            self._restore(person, how)
        changed = self._overlay(person, sent, how) or restored
        return Taken(sent.index, person, "restored" if restored else "updated", changed)

    def _find(self, sent: incoming.Incoming, how: rules.Rules) -> people.Person | problems.Problem | None:
        if how.target is not None:
            return self.by_id[how.target]
        if (person := self.by_external_id.get(sent.external_id)) is not None:
            if person.deleted and not how.restore_deleted:
                message = f'the contact "{sent.external_id}" is deleted; send restoreDeleted: true to bring it back'
                return _problem(sent, "externalCustomerId", problems.CONTACT_DELETED, message)
            return person
        for kind in how.kinds:
            candidates = self._holders(sent, kind, how.field_id)
            if sent.external_id:
                # A contact with a different external id is somebody else (contract 3, rule 3).
                candidates = [person for person in candidates if not person.row.get("external_id")]
            if candidates:
                return max(candidates, key=_recency)
        return None

    def _holders(self, sent: incoming.Incoming, kind: str, field_id: int | None) -> list[people.Person]:
        if kind == "id":
            person = self.by_id.get(sent.contact_id or 0)
            return [person] if person is not None and not person.deleted else []
        keys = reading.keys(sent, kind, field_id)
        if kind in ("mobilepush", "webpush"):
            tokens = (self.tokens[key] for key in keys)
            return [token.owner for token in tokens if token.owner is not None]
        return [person for key in keys for person in self.holders.get(key, ())]

    def _create(self, sent: incoming.Incoming, how: rules.Rules) -> people.Person:
        """Return a new person with everything that a contact carries."""
        row = sent.values.copy()
        if "email" in row:
            row["email_confirmed"] = _confirmed(how)
        fields = {}
        if sent.fields:
            fields = {str(field_id): text for field_id, text in sent.fields.items() if text is not None}
        person = people.Person(row, fields, (0, 0, 0), new=True, changed=True, seen=True, digest=sent.digest)
        if sent.external_id:
            row["external_id"] = sent.external_id
            self.by_external_id[sent.external_id] = person
        self.created.append(person)
        for key, columns in sent.tokens.items():
            self._give(key, columns, person)
        self._steps += 1
        person.recency = (1, self._steps, 0)
        if how.kinds:
            self._rehold(person, dict.fromkeys(row, ""), None, how)
        return person

    def _overlay(self, person: people.Person, sent: incoming.Incoming, how: rules.Rules) -> bool:
        """Lay what a contact carries over a person, and tell whether that changed anything.

        One that is new to this request takes everything.
        """
        columns = None if person.new else how.columns()
        row, before = person.row, {}
        for column, value in sent.values.items():
            if (columns is None or column in columns) and (old := row.get(column, "")) != value:
                if column == "email":
                    if old.lower() == value.lower():
                        continue
                    before["email_confirmed"], row["email_confirmed"] = row.get("email_confirmed", ""), _confirmed(how)
                before[column], row[column] = old, value
        old = row.get("external_id", "")
        if sent.external_id and old != sent.external_id and (not old or how.target is not None):
            before["external_id"], row["external_id"] = old, sent.external_id
        if columns is not None:
            person.carried = person.carried.union(sent.values, ("external_id",) if sent.external_id else ())
            for column in columns - person.carried:
                if row.get(column):
                    before[column], row[column] = row[column], ""
        before_field = person.fields.get(str(how.field_id))
        changed = bool(before)
        for field_id, text in sent.fields.items():
            if person.new or how.field_ids is None or field_id in how.field_ids:
                changed |= _set_field(person, str(field_id), text)
        for key, token_columns in sent.tokens.items():
            if person.new or how.takes(token_columns["channel"]):
                changed |= self._give(key, token_columns, person)
        if changed:
            person.before = {**before, **person.before}
            self._touch(person, before, before_field, how)
        return changed

    def _give(self, key: str, columns: incoming.Columns, person: people.Person) -> bool:
        """Give a token to a person, whoever had it (contract 2: a token belongs to one contact only)."""
        token = self.tokens[key]
        if not token.row:
            token.owner, token.row = person, columns
            return True
        changed = token.owner is not person
        if changed and token.owner is not None:
            self._steps += 1
            token.owner.meet("")
            token.owner.changed = True
            token.owner.recency = (1, self._steps, 0)
        token.owner = person
        row, learnt = token.row, {}
        for column, value in columns.items():
            # A token keeps the spelling it came with first: hex of another case is the same token.
            if (
                row.get(column, "") != value
                and column != "value"
                and (column in row or people.TOKEN_DEFAULTS.get(column) != value)
            ):
                learnt[column] = value
        if learnt:
            if token.row_at is None:
                # The row of a new token is that of the contact it came with.
                row = token.row = row.copy()
            row.update(learnt)
            token.learnt = {**token.learnt, **learnt}
            changed = True
        return changed

    def _touch(
        self, person: people.Person, before: incoming.Columns, before_field: str | None, how: rules.Rules
    ) -> None:
        """Keep the base true after a person went from `before`, the old values of what changed, to now."""
        self._steps += 1
        person.changed = True
        person.recency = (1, self._steps, 0)
        if "external_id" in before:
            old, new = before["external_id"], person.row["external_id"]
            if self.by_external_id.get(old) is person:
                del self.by_external_id[old]
            if new:
                self.by_external_id[new] = person
        if how.kinds:
            self._rehold(person, before, before_field, how)

    def _rehold(
        self, person: people.Person, before: incoming.Columns, before_field: str | None, how: rules.Rules
    ) -> None:
        """Keep `holders` true for the kinds that the request matches by."""
        pairs = [
            (_column_key(kind, before[kind]), _column_key(kind, person.row[kind]))
            for kind in how.kinds
            if kind in before and kind in identity.KEYED_COLUMNS
        ]
        if how.field_id is not None:
            now = person.fields.get(str(how.field_id))
            pairs.append((_field_key(how.field_id, before_field), _field_key(how.field_id, now)))
        for old, new in pairs:
            if old != new:
                if old is not None and person in self.holders.get(old, ()):
                    self.holders[old].remove(person)
                if new is not None:
                    self.holders.setdefault(new, []).append(person)

    def _restore(self, person: people.Person, how: rules.Rules) -> None:
        """Bring a deleted contact back with what it had, but for the tokens that others have taken since."""
        person.deleted = False
        person.restored = person.changed = True
        self._steps += 1
        person.recency = (1, self._steps, 0)
        assert person.id is not None
        for kept in self.kept_tokens.pop(person.id, ()):
            token = self.tokens[kept.key]
            if token.owner is None:
                token.owner, token.row, token.row_at = person, kept.row, person.id
            else:
                self.stale.append((person.id, kept.key))
        self._rehold(person, dict.fromkeys(person.row, ""), None, how)


def _fault(sent: incoming.Incoming, how: rules.Rules) -> problems.Problem | None:
    """Return what keeps a contact from being identified at all: sent twice, it would be stored twice."""
    if how.target is not None or (sent.external_id and not how.kinds):
        return None
    if "field" in how.kinds:
        value = sent.fields.get(how.field_id or 0)
        if value is not None and len(value) > limits.IDENTIFYING_FIELD_CHARACTERS:
            message = f"a value that identifies has at most {limits.IDENTIFYING_FIELD_CHARACTERS} characters"
            return _problem(sent, "fields", problems.IDENTIFYING_VALUE_INVALID, message)
    if sent.external_id or any(
        sent.contact_id is not None if kind == "id" else reading.keys(sent, kind, how.field_id) for kind in how.kinds
    ):
        return None
    wanted = " or ".join(["externalCustomerId", *(_NAMES.get(kind, kind) for kind in how.kinds)])
    return _problem(sent, "", problems.CONTACT_WITHOUT_IDENTITY, f"nothing identifies this contact: send its {wanted}")


_NAMES = {"field": "value of the field named by fieldId", "mobilepush": "push token", "contact_key": "contactKey"}


def _problem(sent: incoming.Incoming, name: str, code: int, message: str) -> problems.Problem:
    return problems.Problem(path=sent.path(name), message=message, index=sent.index, code=code)


def _column_key(column: str, value: str) -> str | None:
    return identity.of_column(column, value) if value else None


def _field_key(field_id: int, value: str | None) -> str | None:
    return identity.field(field_id, value) if value else None


def _confirmed(how: rules.Rules) -> str:
    return "true" if how.confirms else "false"


def _recency(person: people.Person) -> tuple[int, object, int]:
    return person.recency


def _set_field(person: people.Person, field_id: str, text: str | None) -> bool:
    if person.fields.get(field_id) == text:
        return False
    if person.fields_before is None:
        person.fields_before = dict(person.fields)
    if text is None:
        del person.fields[field_id]
    else:
        person.fields[field_id] = text
    return True
