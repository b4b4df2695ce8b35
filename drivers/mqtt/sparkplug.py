"""Sparkplug B payloads: Google's protobuf reads them by a descriptor that names only the fields that we use.

Pure: bytes in, metrics out. Field numbers and types are those of the Eclipse Sparkplug 3.0 specification, section 6.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.message import DecodeError

from drivers.refused import Refused

_PACKAGE = "gateway.sparkplug"
_METRIC: Mapping[str, tuple[int, int]] = {
    "name": (1, FieldDescriptorProto.TYPE_STRING),
    "alias": (2, FieldDescriptorProto.TYPE_UINT64),
    "timestamp": (3, FieldDescriptorProto.TYPE_UINT64),
    "datatype": (4, FieldDescriptorProto.TYPE_UINT32),
    "is_historical": (5, FieldDescriptorProto.TYPE_BOOL),
    "is_null": (7, FieldDescriptorProto.TYPE_BOOL),
}
_VALUE: Mapping[str, tuple[int, int]] = {
    "int_value": (10, FieldDescriptorProto.TYPE_UINT32),
    "long_value": (11, FieldDescriptorProto.TYPE_UINT64),
    "float_value": (12, FieldDescriptorProto.TYPE_FLOAT),
    "double_value": (13, FieldDescriptorProto.TYPE_DOUBLE),
    "boolean_value": (14, FieldDescriptorProto.TYPE_BOOL),
    "string_value": (15, FieldDescriptorProto.TYPE_STRING),
}
_PAYLOAD: Mapping[str, tuple[int, int]] = {
    "timestamp": (1, FieldDescriptorProto.TYPE_UINT64),
    "metrics": (2, FieldDescriptorProto.TYPE_MESSAGE),
    "seq": (3, FieldDescriptorProto.TYPE_UINT64),
    "uuid": (4, FieldDescriptorProto.TYPE_STRING),
}
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}  # Int8 to Int64 -> bits
_UNSIGNED = {5, 6, 7, 8, 13}  # UInt8 to UInt64, DateTime
_BOOLEAN = 11
_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it came: `name` or `alias` says which, `stamp` is in seconds since 1970."""

    name: str | None
    alias: int | None
    datatype: int | None
    stamp: float | None
    historical: bool
    raw: float | str | bool | None  # None: null, or of a kind that is no single value
    integer: bool  # whether `raw` is an unsigned integer whose sign only the datatype tells

    def value(self, datatype: int | None) -> float | str | bool | None:
        """The value by its datatype; None where it is null, or an integer of which nobody said what it is."""
        if not self.integer or not isinstance(self.raw, int):
            return self.raw
        if bits := _SIGNED.get(datatype or 0):
            low = self.raw & ((1 << bits) - 1)
            return low - (1 << bits) if low >> (bits - 1) else low
        if datatype == _BOOLEAN:
            return self.raw != 0
        return self.raw if datatype in _UNSIGNED else None


@dataclass(frozen=True, slots=True)
class Payload:
    """One message: `seq` counts the messages of an edge node, 0 to 255 and round again."""

    stamp: float | None
    seq: int | None
    metrics: tuple[Metric, ...]


def decode(payload: bytes) -> Payload:
    """The metrics of a payload; Refused if it is not Sparkplug."""
    message = _Message()
    try:
        message.ParseFromString(payload)
        if message.uuid == "SPBV1.0_COMPRESSED":
            raise Refused("sparkplug", "compressed; have the edge node send it plain")
        metrics = tuple(_metric(metric) for metric in message.metrics)
    except (DecodeError, UnicodeDecodeError):
        raise Refused("sparkplug", "not a Sparkplug payload") from None
    return Payload(_seconds(message), message.seq if message.HasField("seq") else None, metrics)


def _metric(metric: Any) -> Metric:
    kind = metric.WhichOneof("value")
    value = None if metric.is_null or kind is None else getattr(metric, kind)
    if isinstance(value, bytes) or isinstance(metric.name, bytes):  # how protobuf hands out what is no UTF-8
        raise Refused("sparkplug", "a text in it is not UTF-8")
    return Metric(
        name=(metric.name or None) if metric.HasField("name") else None,
        alias=metric.alias if metric.HasField("alias") else None,
        datatype=metric.datatype if metric.HasField("datatype") else None,
        stamp=_seconds(metric),
        historical=metric.is_historical,
        raw=value,
        integer=kind in {"int_value", "long_value"},
    )


def _seconds(message: Any) -> float | None:
    return message.timestamp / _MS if message.HasField("timestamp") else None


def _described() -> Any:
    """The class of the payload's message, made at import from the tables above."""
    file = FileDescriptorProto(name="gateway_sparkplug.proto", package=_PACKAGE, syntax="proto2")
    metric, payload = file.message_type.add(name="Metric"), file.message_type.add(name="Payload")
    metric.oneof_decl.add(name="value")
    for name, (number, kind) in (_METRIC | _VALUE).items():  # type: ignore[operator]
        field = metric.field.add(name=name, number=number, type=kind, label=FieldDescriptorProto.LABEL_OPTIONAL)
        if name in _VALUE:
            field.oneof_index = 0
    for name, (number, kind) in _PAYLOAD.items():
        field = payload.field.add(name=name, number=number, type=kind, label=FieldDescriptorProto.LABEL_OPTIONAL)
        if name == "metrics":
            field.label = FieldDescriptorProto.LABEL_REPEATED
            field.type_name = f".{_PACKAGE}.Metric"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


_Message = _described()
