"""The functions of what used to be and of what will be: one entry per function, as in `functions`."""

from collections.abc import Mapping

from rules.language.entries import Forecast, Learnt, OfDevice
from rules.windows.learnt import Usual
from rules.windows.runs import Frozen, Lost, Still
from rules.windows.trend import SHORTEST_S, Trend

LEARNT: Mapping[str, Learnt] = {
    "usual": Learnt(
        usage="usual(x)",
        doc="what x usually is at this hour of the week, by the clock on the wall: the median of its hourly means in"
        " the last four weeks, without the hour that is running. x is looked at once a minute, so it takes no window",
        example="running and power > 1.5 * usual(power)",
        unknown="until this hour of the week was known once, for at least half an hour",
        of=Usual,
    ),
    "still": Learnt(
        usage="still(x, 1h)",
        doc="true if x has not moved for an hour, and for three times as long as it ever stood still in the seven days"
        " before; there is one look a minute, and only those count at which x is known",
        example="still(suction_pressure, 1h)",
        unknown="once an hour is over, when x was known for less than half of seven days, or has never moved; and while"
        " x is unknown",
        unit="none",
        of=Still,
        window=True,
    ),
}

FORECAST: Mapping[str, Forecast] = {
    "eta": Forecast(
        usage="eta(x, 80, 14d)",
        doc="seconds until x reaches 80 if it goes on as in the last two weeks: by the median slope of 60 looks, so"
        " that neither a wild day nor a daily swing decides",
        example="eta(bearing_temp, 80 °C, 14d) < 7d",
        unknown="while less than half of the looks are known, while there is no sure trend towards the limit (one in a"
        " thousand windows of mere noise shows one), and once x is beyond it",
        unit="seconds",
        of=Trend,
        shortest_s=SHORTEST_S,
    ),
}

OF_DEVICE: Mapping[str, OfDevice] = {
    "frozen": OfDevice(
        usage="frozen(30m)",
        doc="true if readings come, and no measured point of the device (one with a unit) has moved for half an hour,"
        " and for three times as long as it ever stood still in the seven days before; there is one look a minute",
        example="frozen(30m)",
        unknown="while no measured point is known; once half an hour is over, also for a device that was known for less"
        " than half of seven days, or has never moved",
        unit="none",
        of=Frozen,
        measured=True,
    ),
    "lost": OfDevice(
        usage="lost(1h)",
        doc="true if a point that used to come has been unknown for an hour, and for three times as long as it ever was"
        " in the seven days before, while another point of the device is known; what was known for less than half of"
        " seven days is not missed",
        example="lost(1h)",
        unknown="while no point of the device is known",
        unit="none",
        of=Lost,
        measured=False,
    ),
}
