"""Base of everything on the wire."""

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Immutable; unknown keys are ignored, so that later versions may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")
