import json
from collections.abc import Collection
from datetime import datetime

from .clock import parse
from .errors import CallError
from .money import check_amount, check_currency

TEXT_LIMIT = 255


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


class Fields:
    """The body of a request: read by name, each with its own clear refusal."""

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values

    @classmethod
    def read(cls, raw: bytes, allowed: Collection[str]) -> "Fields":
        try:
            values = json.loads(raw or b"{}", parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise CallError(400, "json_invalid", "The body is not JSON.") from error
        if not isinstance(values, dict):
            raise CallError(400, "json_invalid", "The body is not a JSON object.")
        for name in values:
            if name not in allowed:
                raise CallError(
                    422, "field_unknown", f"Unknown field {name!a}; known: {sorted(allowed)}."
                )
        return cls(values)

    def canonical(self) -> str:
        """The same text for the same content, whatever the order of the names."""
        return json.dumps(self._values, sort_keys=True, separators=(",", ":"))

    def amount(self) -> int:
        if self._values.get("amount") is None:
            raise CallError(422, "amount_missing", "The amount is missing.")
        return check_amount(self._values["amount"])

    def optional_amount(self) -> int | None:
        value = self._values.get("amount")
        return None if value is None else check_amount(value)

    def currency(self) -> str:
        return check_currency(self._values.get("currency"))

    def text(self, name: str) -> str:
        value = self.optional_text(name)
        if not value:
            raise CallError(422, f"{name}_missing", f"The field {name} is missing.")
        return value

    def optional_text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > TEXT_LIMIT or not value.isprintable():
            raise CallError(
                422,
                f"{name}_invalid",
                f"The field {name} is text of up to {TEXT_LIMIT} characters.",
            )
        return value

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        value = self._values.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise CallError(
                422, f"{name}_invalid", f"The field {name} is one of {sorted(allowed)}."
            )
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise CallError(422, f"{name}_invalid", f"The field {name} is true or false.")
        return value

    def instant(self, name: str) -> datetime | None:
        value = self._values.get(name)
        if value is None:
            return None
        try:
            if not isinstance(value, str):
                raise ValueError("not text")
            return parse(value)
        except ValueError as error:
            raise CallError(
                422, f"{name}_invalid", f"The field {name} is an ISO 8601 time with its zone."
            ) from error

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def number(self, name: str, default: float, most: float) -> float:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise CallError(
                422, f"{name}_invalid", f"The field {name} is a number from 0 to {most:g}."
            )
        return value

    def names(self, name: str) -> list[str]:
        """A list of texts that is not empty."""
        value = self._values.get(name)
        if not isinstance(value, list) or not value or len(value) > 1000:
            raise CallError(422, f"{name}_invalid", f"The field {name} is a list of names.")
        if not all(isinstance(item, str) and item.isprintable() for item in value):
            raise CallError(422, f"{name}_invalid", f"The field {name} is a list of names.")
        return [str(item) for item in value]
