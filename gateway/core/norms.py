"""The time rules that every site has: the published norms of property management, as named policies.

The published texts contradict each other, so each is a policy of its own, and a site picks. What no clock of a ticket
can measure is left to others: the call to head office is the property company's, entering a request within an hour is
done when the ticket is raised, and the survey a day after closing is asked by whoever closed it.
"""

from collections.abc import Mapping

from gateway.core.policy import Policy

_WRITTEN: Mapping[str, Mapping[str, object]] = {
    # Safety: entrapment, abnormal lift noise, burst pipe. "At once" and on site in 3 minutes; the ladder at 3 and 10.
    "red_strict": {"acknowledge": "1m", "on_site": "3m", "again": "7m"},
    # Level I: fire, entrapment. The emergency plan runs in 5 minutes, the manager is on site in 10; review in a day.
    "level_I_5_10": {"plan": "5m", "on_site": "10m", "report": "24h"},
    # Urgent: no water, fire, lifts. Answered in 10 minutes, on site in 30, first report in 2 hours.
    "urgent_10_30_120": {"acknowledge": "10m", "on_site": "30m", "feedback": "2h"},
    # Level I, the other text: work has begun within 15 minutes; photographs from the site belong to it.
    "level_I_15": {"acknowledge": "15m", "evidence": True},
    # Entrapment: the contractor is called at once and there in 30 minutes; a test report 4 hours after the rescue.
    "entrapment": {"acknowledge": "1m", "on_site": "30m", "report": "4h"},
    # Level II incidents: burst pipe, power cut. A plan in 30 minutes; review in a day.
    "level_II_incident": {"plan": "30m", "report": "24h"},
    # The same kind three times, or something wears out: put right in 48 hours.
    "yellow_48h": {"close": "48h"},
    # Level II, small public faults: dispatched in 2 hours. The plan is told with it and has no time of its own.
    "level_II_general": {"acknowledge": "2h"},
    # Repairs: answered in 15 minutes, progress within a day, done in 3 working days.
    "repair_15_24_72": {"acknowledge": "15m", "feedback": "24h", "close": "3wd"},
    # General requests: answered in 2 hours, solved in a day.
    "general_2_24": {"acknowledge": "2h", "close": "24h"},
    # Classified requests: the urgent ones in 2 hours, the others in a working day.
    "urgent_2h": {"close": "2h"},
    "general_1wd": {"close": "1wd"},
    # Suggestions: contact in a day, a written reply in 3 to 5 working days; the later is the limit.
    "suggestion": {"acknowledge": "24h", "feedback": "5wd"},
    # The monitoring post: warned in 10 seconds, which is the gateway's own part; all concerned at work in 5 minutes.
    "monitoring": {"acknowledge": "5m"},
}

BUILT_IN_POLICIES: Mapping[str, Policy] = {name: Policy.model_validate(limits) for name, limits in _WRITTEN.items()}
"""A site may replace them under tickets: policies:."""
