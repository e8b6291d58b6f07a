"""What an engine knows about one source: counts since it was opened, clock and gains."""

from typing import Annotated

from pydantic import Field

from parvis_server.engine.stage import Body
from parvis_wire.fields import Ssrc

Count = Annotated[int, Field(ge=0)]


class SourceStats(Body):
    """Counts of one source since it was opened in this engine."""

    ssrc: Ssrc
    received: Count
    """Packets that belong to the source."""
    malformed: Count = 0
    """Packets that were not RTP, or whose Opus could not be decoded."""
    late: Count = 0
    """Frames that came after their playout."""
    lost: Count = 0
    """Frames that never came."""
    concealed: Count = 0
    """Frames filled by loss concealment."""
    hold_ms: float = Field(default=0.0, ge=0)
    """Time from the arrival of a packet, had it come by the quickest path, to its tick."""
    target_ms: float = Field(default=0.0, ge=0)
    """Target delay of the jitter buffer."""
    drift_ppm: float = 0.0
    """The source's clock against ours."""
    gain_db: float = 0.0
    """Levelling, or the gain by hand, without gain sharing."""
    share_db: float = 0.0
    """Gain sharing's part; 0 or less."""
    doubles: bool = False
    """Another source has the same voice, louder: this one is ducked."""
