"""Where sound comes from: one file per kind of microphone; the seam is ``capture.Microphone``."""
