"""Titles and advice of the gateway's own tickets, in the language of the site."""

from collections.abc import Mapping
from typing import Any

from gateway.core.messages import Language

_CAUSE_TITLE = {
    "zh": {
        "feeder": "{name} 供电范围内 {count} 台设备同时异常",
        "connection": "连接 {name} 上 {count} 台设备同时失联",
        "mains": "市电电压异常，{count} 台设备同时受影响",
        "water": "{name} 栋 {count} 处同时发现漏水",
    },
    "en": {
        "feeder": "{count} devices fed by {name} failed together",
        "connection": "{count} devices on connection {name} are not heard of",
        "mains": "The mains voltage was off for {count} devices at once",
        "water": "{count} devices see water in building {name} at once",
    },
}
_CAUSE_ADVICE = {
    "zh": {
        "feeder": "先查 {name} 的上级电源与开关，确认电梯有无困人、生活水泵是否供水，再逐台复位。",
        "connection": "先查 {name} 的网络、交换机、串口线或消息服务器；设备本身可能正常，但其告警此时看不到。",
        "mains": "先确认电梯有无困人、生活水泵与消防泵是否恢复运行，再向供电部门查询上级电源，逐台复位跳闸的变频器。",
        "water": "先关闭该分区或该栋的进水阀，确认水是否靠近带电设备并断电，再启动排水，查找漏点。",
    },
    "en": {
        "feeder": "Check the supply and the breakers of {name} first; see whether a lift has trapped somebody and"
        " whether water is supplied; then reset device by device.",
        "connection": "Check network, switch, serial line or broker of {name} first; the devices may be well, but their"
        " alarms cannot be seen now.",
        "mains": "See first whether a lift has trapped somebody and whether water and fire pumps run again; then ask"
        " the utility about its supply, and reset the drives that tripped.",
        "water": "Close the valve of the zone or the building first; see whether water nears live parts and isolate"
        " them; then pump it out and look for the leak.",
    },
}


_REPEAT = {
    "zh": {
        "device": "{name} 30 天内第 {count} 次出现同类问题：{kind}",
        "building": "{name} 栋 30 天内第 {count} 次出现同类问题：{kind}",
        "advice": "同类问题反复出现：48 小时内查明根因并整改，出具专项检修报告；案例见证据。",
    },
    "en": {
        "device": "{name}: the same kind of problem for the {count}th time: {kind}",
        "building": "Building {name}: the same kind of problem for the {count}th time: {kind}",
        "advice": "It keeps coming back: remove the root cause within 48 hours; the cases are in the evidence.",
    },
}
_MANAGEMENT = {
    "zh": {
        "response": (
            "连续 {days} 天平均响应超过 {limit_h:g} 小时",
            "检查值守排班与派单流程；共涉及 {tickets} 张工单。",
        ),
        "surge": (
            "今日工单 {tickets} 张，比前 {days} 天日均 {mean:.1f} 张多出一半以上",
            "按楼栋与类别查看来源，必要时增派人手。",
        ),
        "timeouts": ("连续 {count} 张工单超时", "约谈责任班组，查明超时原因。"),
    },
    "en": {
        "response": (
            "Response took more than {limit_h:g} h on average on {days} days running",
            "Look at the duty roster and at how orders are dispatched; {tickets} tickets were concerned.",
        ),
        "surge": (
            "{tickets} tickets today, against {mean:.1f} a day in the {days} days before",
            "See from which buildings and classes they come; send more people if need be.",
        ),
        "timeouts": ("{count} tickets in a row missed a limit", "Talk to the team in charge and find out why."),
    },
}
_STORAGE = {
    "zh": (
        "网关状态文件有 {count} 行损坏，已隔离",
        "检查存储卡与供电；损坏行已另存，其余数据完整。更换存储介质前请备份状态目录。",
    ),
    "en": (
        "{count} damaged rows of the gateway's state were set aside",
        "Check the storage card and the power supply; all else is whole. Before replacing it, back the state up.",
    ),
}


def repeat_words(scope: str, name: str, kind: str, count: int, language: Language) -> tuple[str, str]:
    """Title and advice of a ticket about the same kind of problem too often."""
    words = _REPEAT[language]
    return words[scope].format(name=name, kind=kind, count=count), words["advice"]


def management_words(kind: str, numbers: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """Title and advice of a ticket about the work on tickets."""
    title, advice = _MANAGEMENT[language][kind]
    filled = {**numbers, "limit_h": float(numbers.get("limit_s") or 0.0) / 3600.0}
    return title.format(**filled), advice.format(**filled)


def storage_words(count: int, language: Language) -> tuple[str, str]:
    """Title and advice of a ticket about damaged rows."""
    title, advice = _STORAGE[language]
    return title.format(count=count), advice


def cause(kind: str, name: str, count: int, language: Language) -> tuple[str, str]:
    """Title and advice of a ticket about what several devices share."""
    title, advice = _CAUSE_TITLE[language][kind], _CAUSE_ADVICE[language][kind]
    return title.format(name=name, count=count), advice.format(name=name)
