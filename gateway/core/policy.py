"""Time rules for tickets: how soon someone must acknowledge, be on site, feed back and close."""

from drivers.device import Seconds, Written


class Policy(Written):
    """Limits from the moment a ticket is raised; a limit that is absent is not watched."""

    acknowledge: Seconds | None = None
    on_site: Seconds | None = None
    feedback: Seconds | None = None
    close: Seconds | None = None

    def due(self, raised_at: float) -> dict[str, float]:
        """When each limit falls, in seconds since 1970."""
        limits = {
            "acknowledge": self.acknowledge,
            "on_site": self.on_site,
            "feedback": self.feedback,
            "close": self.close,
        }
        return {name: raised_at + limit for name, limit in limits.items() if limit is not None}
