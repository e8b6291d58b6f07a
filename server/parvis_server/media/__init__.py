"""Signal code of the hub: what happens between decoded sources and encoded buses. Pure.

In the order of a tick. ``speech_law`` sets every source's gain: ``levelling`` over ``loudness``
brings talkers to one loudness, ``automix`` shares the gain among them, ``pickup_guard`` lets one of
two microphones at the same voice count. ``buses`` adds them up by the routes of ``zones``, with
``echo_gate`` in the returns of remote speakers. On the way out, ``howl_guard`` and
``frequency_shift`` keep a loudspeaker from howling, ``limiter`` holds the peaks, ``comfort_noise``
fills the silence. ``coded_signal`` is played by a sound check. ``block_filter`` serves them all.
"""
