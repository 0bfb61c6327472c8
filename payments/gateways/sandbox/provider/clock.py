from datetime import UTC, datetime, timedelta

from .errors import CallError
from .store import Store


def stamp(moment: datetime) -> str:
    """The one written form of an instant: fixed width, so that text order is time order."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """Read an instant; raises ValueError when it is not one or names no time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time zone is missing")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


class Clock:
    """Real time plus an offset that only grows and survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.reading() as db:
            row = db.execute("SELECT value FROM settings WHERE name = 'clock'").fetchone()
        self._offset = timedelta(seconds=float(row["value"]) if row else 0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def advance(self, step: timedelta) -> None:
        if step < timedelta(0):
            raise CallError(422, "clock_goes_back", "The clock only moves forward.")
        try:
            offset = self._offset + step
            if (datetime.now(UTC) + offset).year > 9000:
                raise OverflowError
        except OverflowError as error:
            raise CallError(422, "clock_too_far", "The clock cannot go that far.") from error
        with self._store.writing() as db:
            db.execute(
                "INSERT INTO settings VALUES ('clock', ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (str(offset.total_seconds()),),
            )
        self._offset = offset
