"""How long a recording may be kept. Pure."""

from datetime import UTC, datetime
from typing import Final

from parvis_server.record.recording import Recording
from parvis_wire.recording import MAX_RETENTION_DAYS

DAY_MS: Final = 86_400_000


def deleted_at_utc_ms(recording: Recording) -> int:
    """When the recording has to be gone: its days are counted from its beginning."""
    return recording.begun_utc_ms + recording.retention_days * DAY_MS


def is_due(recording: Recording, utc_ms: int) -> bool:
    """Whether its time is over. One that still grows is never deleted under the recorder."""
    return recording.ended_clock is not None and utc_ms >= deleted_at_utc_ms(recording)


def days_left(recording: Recording, utc_ms: int) -> int:
    """Whole days that are left, 0 on the last one."""
    return max(0, (deleted_at_utc_ms(recording) - utc_ms) // DAY_MS)


def is_due_by_name(recording: str, utc_ms: int) -> bool:
    """Whether the time of a recording is over by its id alone, whatever its terms were.

    For one whose description is damaged: nothing is kept longer than the longest time of all.
    """
    try:
        begun = datetime.strptime(recording.partition("-")[0], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return False
    begun_utc_ms = round(begun.replace(tzinfo=UTC).timestamp() * 1000)
    return utc_ms >= begun_utc_ms + MAX_RETENTION_DAYS * DAY_MS
