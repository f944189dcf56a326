"""A token base that looks like a real one, of any size and always the same for a seed. For demos, tests, benchmarks."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator

COLUMNS = (
    "user_id",
    "token",
    "platform",
    "device_model",
    "locale",
    "app_version",
    "app_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "timezone",
    "created_at",
    "last_seen",
)

APPS = ("83b77a49-fc28-409b-aeaa-68c9d544ab9d", "1f0c3c1e-7a54-4b3f-9c53-3b1f2ad0e6f1")
_LOCALES = (
    *(("en_US", "America/New_York"),) * 18,
    *(("en-GB", "Europe/London"),) * 7,
    *(("uk-UA", "Europe/Kyiv"),) * 14,
    *(("ua", "Europe/Kyiv"),) * 3,
    *(("de-DE", "Europe/Berlin"),) * 8,
    *(("pl_PL", "Europe/Warsaw"),) * 7,
    *(("pt-BR", "America/Sao_Paulo"),) * 8,
    *(("es-MX", "America/Mexico_City"),) * 7,
    *(("es", "Europe/Madrid"),) * 4,
    *(("fr-FR", "Europe/Paris"),) * 5,
    *(("it-IT", "Europe/Rome"),) * 4,
    *(("tr_TR", "Europe/Istanbul"),) * 4,
    *(("ar-EG", "Africa/Cairo"),) * 2,
    *(("hi-IN", "Asia/Kolkata"),) * 4,
    *(("id", "Asia/Jakarta"),) * 3,
    *(("ja-JP", "Asia/Tokyo"),) * 3,
    *(("ko_KR", "Asia/Seoul"),) * 2,
    *(("zh-Hant-TW", "Asia/Taipei"),) * 2,
    *(("zh_CN", "Asia/Shanghai"),) * 2,
    *(("cs-CZ", "Europe/Prague"),) * 2,
    *(("ro-RO", "Europe/Bucharest"),) * 2,
    *(("kk-KZ", "Asia/Almaty"),) * 1,
    *(("en_UK", "Europe/London"),) * 1,
)
_FIRST = (
    *(
        "James",
        "Mary",
        "John",
        "Linda",
        "Anna",
        "Peter",
        "Paul",
        "Laura",
        "Olga",
        "Marta",
        "Jan",
        "Eva",
        "Luca",
        "Sofía",
    ),
    *("Олена", "Андрій", "Марія", "Тарас", "Наталія", "Іван", "José", "Zoë", "Jürgen", "Łukasz", "Ayşe", "Ömer"),
    *("محمد", "फ़ातिमा", "さくら", "민준", "美玲", "Anne-Marie", "D'Arcy", "Nguyễn"),
)
_LAST = (
    *(
        "Smith",
        "Johnson",
        "Brown",
        "Müller",
        "Kowalski",
        "Silva",
        "García",
        "Rossi",
        "Dubois",
        "Yılmaz",
        "van der Berg",
    ),
    *("Шевченко", "Коваленко", "Бондаренко", "Мельник", "O'Neil", "Smith-Jones", "حسن", "佐藤", "김", "Trần"),
)
_IPHONES = ("iPhone 13", "iPhone 14 Pro", "iPhone15,2", "iPhone SE", "iPad Air", "iPhone 12 mini")
_ANDROIDS = ("SM-A536B", "Pixel 8", "Redmi Note 12", "SM-S911B", "moto g(60)", "CPH2449", "M2101K6G")
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Sample:
    """A base of `contacts` people. `flaws` counts what is wrong in it, once it was read to its end."""

    def __init__(self, contacts: int, seed: int = 1) -> None:
        """Take how many people there are, and what makes this base different from others."""
        self.contacts = contacts
        self.rows = 0
        self.flaws = dict.fromkeys(
            ("duplicate_rows", "contested_tokens", "bad_emails", "nothing_identifies", "ragged_rows", "long_ids"), 0
        )
        self._random = random.Random(seed)  # noqa: S311 - nothing secret is made of it

    def cells(self) -> Iterator[list[str]]:
        """Yield the rows: people in order, each with one to three devices, now and then a flaw."""
        last_token = ""
        for number in range(self.contacts):
            person = self._person(number)
            for _ in range(self._devices()):
                row = [person[0], *self._device(), *person[1:], *self._times()]
                chance = self._random.random()
                if chance < 0.0020:
                    yield from self._flawed(row, chance, last_token)
                else:
                    self.rows += 1
                    yield row
                last_token = row[1]

    def _flawed(self, row: list[str], chance: float, last_token: str) -> Iterator[list[str]]:
        self.rows += 1
        if chance < 0.0004:
            self.flaws["duplicate_rows"] += 1
            self.rows += 1
            yield row
            yield row
        elif chance < 0.0008 and last_token:
            self.flaws["contested_tokens"] += 1
            yield [row[0], last_token, *row[2:]]
        elif chance < 0.0011:
            self.flaws["bad_emails"] += 1
            yield [*row[:9], "joe@", *row[10:]]
        elif chance < 0.0014:
            self.flaws["nothing_identifies"] += 1
            yield ["", "null", *row[2:9], "", "", *row[11:]]
        elif chance < 0.0017:
            self.flaws["ragged_rows"] += 1
            yield row[:6]
        else:
            self.flaws["long_ids"] += 1
            yield [row[0] * 40, *row[1:]]

    def _person(self, number: int) -> list[str]:
        draw = self._random.random
        locale, zone = _LOCALES[int(draw() * len(_LOCALES))]
        self._locale = locale
        first = _FIRST[int(draw() * len(_FIRST))] if draw() < 0.7 else ""
        last = _LAST[int(draw() * len(_LAST))] if first and draw() < 0.8 else ""
        email = f"user{number}@{'gmail.com' if draw() < 0.6 else 'example.com'}" if draw() < 0.4 else ""
        phone = f"38067{1_000_000 + number % 9_000_000}" if draw() < 0.2 else ""
        return [f"u-{number:09d}", first, last, email, phone, zone]

    def _devices(self) -> int:
        chance = self._random.random()
        return 1 if chance < 0.82 else 2 if chance < 0.97 else 3

    def _device(self) -> list[str]:
        draw = self._random.random
        version = f"4.{int(draw() * 4)}.{int(draw() * 10)}"
        if draw() < 0.42:
            token = f"{self._random.getrandbits(256):064x}"
            return [token, "iOS", _IPHONES[int(draw() * len(_IPHONES))], self._locale, version, APPS[0]]
        fid = "cdef"[int(draw() * 4)] + self._letters(21)
        token = fid if draw() < 0.02 else f"{fid}:APA91b{self._letters(134)}"
        return [token, "Android", _ANDROIDS[int(draw() * len(_ANDROIDS))], self._locale, version, APPS[1]]

    def _letters(self, count: int) -> str:
        bits = self._random.getrandbits(6 * count)
        return "".join([_BASE64[(bits >> (6 * place)) & 63] for place in range(count)])

    def _times(self) -> list[str]:
        draw = self._random.random
        created = 1_640_995_200 + int(draw() * 120_000_000)
        return [str(created), str(min(1_763_800_000, created + int(draw() * 60_000_000)))]


def csv_lines(sample: Sample) -> Iterator[str]:
    """Yield the base as CSV, its headings first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sample.cells():
        writer.writerow(row)
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def json_lines(sample: Sample) -> Iterator[str]:
    """Yield the base as JSON Lines, an object a row."""
    for row in sample.cells():
        yield json.dumps(dict(zip(COLUMNS, row, strict=False)), ensure_ascii=False) + "\n"
