"""Opens the channels of a configuration and binds them into the one notifier. Connects nothing."""

from drivers.device import Clock
from gateway.core.channel import Channel, Sender
from gateway.core.config import Config
from gateway.core.plugins import Plugins
from gateway.delivery.notifier import Notifier
from gateway.delivery.writer import Writer


def notifier(config: Config, plugins: Plugins, writer: Writer, clock: Clock) -> Notifier:
    """The notifier of a site; `clock` is the wall's, since providers check the time of signatures."""
    return Notifier(writer, channels(config, plugins, clock), clock)


def channels(config: Config, plugins: Plugins, clock: Clock) -> dict[str, Channel]:
    """Every configured channel, by name."""
    return {
        name: plugins.channels[settings.channel].open(
            settings, Sender(config.site.id, config.site.language, name, clock)
        )
        for name, settings in config.channels.items()
    }
