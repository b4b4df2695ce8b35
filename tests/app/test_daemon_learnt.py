"""What a device refuses is found once in its life, not once in the daemon's; and people can see what was found."""

from gateway.core.config import Config, load
from gateway.core.plugins import Plugins
from tests.app.played import ask, running
from tests.app.small_site import until
from tests.drivers.modbus_servers import FaultServer, serving

METER = """
profile: meter
driver: modbus
texts: [{name: model, address: 100, registers: 2}]
points: [{name: u, address: 0, type: u16}, {name: i, address: 6, type: u16}]
"""


def with_a_meter(config: Config, plugins: Plugins, port: int) -> Config:
    """The site, with a Modbus device besides the played pumps."""
    folder = config.path.parent
    (folder / "profiles" / "meter.yaml").write_text(METER)
    text = config.path.read_text()
    text = text.replace("  room:", f"  net: {{driver: modbus, url: 'tcp://127.0.0.1:{port}'}}\n  room:")
    text = text.replace("devices:", "devices:\n  - {id: M-1, profile: meter, on: net, every: 200ms}")
    config.path.write_text(text)
    loaded = load(config.path, plugins=plugins, environment={})
    assert loaded.config is not None, loaded.findings
    return loaded.config


async def test_a_hole_is_read_around_from_the_first_poll_after_a_restart(config: Config, plugins: Plugins) -> None:
    async with serving(FaultServer(holes=frozenset({3}), words={100: 0x504D, 101: 0x3130})) as server:
        site = with_a_meter(config, plugins, server.port)
        async with running(site, plugins):
            await until(lambda: server.reads.count((6, 1)) >= 3)
            status = await ask(site, "/api/status")
        assert status["devices"]["M-1"]["state"] == "good"
        assert status["devices"]["M-1"]["about"] == "model PM10; reads holding 0, holding 6"
        assert (0, 7) in server.reads
        server.reads.clear()
        async with running(site, plugins):
            await until(lambda: server.reads.count((6, 1)) >= 3)
        assert (0, 7) not in server.reads
