"""What the hub counts about sound, as Prometheus reads it."""

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined, packet_of, resume
from parvis_server.data_folder import DataFolder
from parvis_server.engine.boundary import EngineStats, SourceStats
from parvis_wire.commands import RaiseHand
from parvis_wire.messages import Role
from parvis_wire.stage import OutputReport, OutputTraits, TimeReply, TimeRequest, UnitTraits

LECTERN = UnitTraits(always_open=True, output=OutputTraits())


async def samples(hub: LiveHub) -> dict[tuple[str, str | None], float]:
    """Value by name and SSRC."""
    async with httpx.AsyncClient(base_url=hub.http, trust_env=False) as client:
        text = (await client.get("/metrics")).text
    return {
        (sample.name, sample.labels.get("ssrc")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_sound_both_ways_is_counted(tmp_path: Path) -> None:
    async with (
        live_hub(tmp_path) as hub,
        joined(hub.speak, Role.SPEAKER),
        joined(hub.unit, Role.UNIT, unit=LECTERN) as unit,
        joined(hub.unit, Role.UNIT, stream=unit.welcome.stream, credential=resume(unit)) as second,
    ):
        assert unit.welcome.bus is not None and unit.welcome.ssrc is not None
        bus, source = f"{unit.welcome.bus.ssrc:08x}", f"{unit.welcome.ssrc:08x}"
        await unit.say(TimeRequest(client_ns=1))
        await unit.until(TimeReply)
        for client in (unit, second):
            await client.socket.send(packet_of(unit, 1))
        report = OutputReport(delay_ms=25, buffer_ms=9, underruns=4, concealed=0, playing=True)
        await unit.say(report)
        hub.engine.play(unit.welcome.bus.ssrc, 0)
        hub.engine.play(unit.welcome.bus.ssrc ^ 1, 0)
        await second.hear()
        await unit.do(RaiseHand)
        stats = SourceStats(
            ssrc=unit.welcome.ssrc, received=9, late=2, lost=3, concealed=4, drift_ppm=-7
        )
        hub.engine.stats(EngineStats(sources=(stats,), savings=1))
        while hub.live.counts.duplicate_packets == 0:
            await unit.do(RaiseHand)
        counted = await samples(hub)
    expected = {
        ("parvis_speakers", None): 1,
        ("parvis_second_connections", None): 1,
        ("parvis_duplicate_packets_total", None): 1,
        ("parvis_time_requests_total", None): 1,
        ("parvis_foreign_output_packets_total", None): 1,
        ("parvis_output_packets_total", bus): 1,
        ("parvis_output_dropped_packets_total", bus): 0,
        ("parvis_output_underruns_total", bus): 4,
        ("parvis_output_delay_seconds", bus): 0.025,
        ("parvis_source_late_total", source): 2,
        ("parvis_source_lost_total", source): 3,
        ("parvis_source_concealed_total", source): 4,
        ("parvis_source_drift_ppm", source): -7,
        ("parvis_engine_savings", None): 1,
    }
    assert {key: counted.get(key) for key in expected} == expected


async def test_from_elsewhere_an_operators_token_is_needed(tmp_path: Path) -> None:
    """Behind a proxy the hub is on the internet."""
    async with (
        live_hub(tmp_path) as hub,
        httpx.AsyncClient(base_url=hub.http, trust_env=False) as client,
    ):
        elsewhere = {"X-Forwarded-For": "203.0.113.7"}
        refused = await client.get("/metrics", headers=elsewhere)
        assert (refused.status_code, "operator" in refused.text) == (403, True)
        token = DataFolder(hub.hub.settings.data).secrets().operator_token
        for secret, status in ((token, 200), ("wrong", 401)):
            shown = {**elsewhere, "Authorization": f"Bearer {secret}"}
            assert (await client.get("/metrics", headers=shown)).status_code == status
