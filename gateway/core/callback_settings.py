"""The section `callbacks:` of config.yaml: where the property company's software tells us what became of tickets."""

from typing import Annotated, Self

from pydantic import AfterValidator, FilePath, SecretStr, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.device import Written
from gateway.core.bind import address, is_loopback

SHORTEST_SECRET = 16


def _long_enough(secret: SecretStr) -> SecretStr:
    """An empty one is a secret that is not on this machine, which is told elsewhere."""
    if 0 < len(secret) < SHORTEST_SECRET:
        context = {"least": SHORTEST_SECRET, "hint": "openssl rand -hex 32"}
        raise PydanticCustomError("short_secret", "a shared secret needs at least {least} characters", context)
    return secret


class Callbacks(Written):
    """An address of its own, since others must reach it; everything that is said there is signed with the secret."""

    bind: Annotated[str, AfterValidator(address)] = "127.0.0.1:8788"
    secret: Annotated[SecretStr, AfterValidator(_long_enough)]
    certificate: FilePath | None = None
    key: FilePath | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        host, problem = self.bind.rpartition(":")[0], None
        if (self.certificate is None) != (self.key is None):
            text = "TLS needs both: certificate and key"
            where = "certificate" if self.key is None else "key"
            problem = where, PydanticCustomError("half_a_certificate", text)
        elif self.certificate is None and not is_loopback(host):
            text = "{host} can be reached from other machines, so certificate and key are needed"
            problem = "bind", PydanticCustomError("open_callbacks", text, {"host": host or "*"})
        if problem is not None:
            errors = [InitErrorDetails(type=problem[1], loc=(problem[0],), input=None)]
            raise ValidationError.from_exception_data("Callbacks", errors)
        return self
