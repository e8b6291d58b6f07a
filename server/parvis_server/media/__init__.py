"""Signal code of the hub: what happens between decoded sources and encoded buses. Pure.

In the engine today: ``mixer``, ``limiter``, ``comfort_noise``. Proven by their own tests and still
to be wired into it: ``automix`` with ``pickup_guard`` (gain sharing), ``levelling`` over
``loudness``, ``buses`` over ``zones`` (mix-minus and loudspeakers), ``echo_gate``, ``howl_guard``.
"""
