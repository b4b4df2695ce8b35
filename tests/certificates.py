"""A certificate authority for tests, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority of one test, in its folder."""

    folder: Path
    name: str = "ca"

    @property
    def certificate(self) -> Path:
        """What those who trust it are given."""
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            subject = ("-subj", f"/CN=site {self.name}")
            _openssl(
                "req", "-x509", *_CURVE, "-keyout", f"{self.name}.key", "-out", path.name, *subject, cwd=self.folder
            )
        return path

    def sign(self, name: str, *alternatives: str) -> Signed:
        """A certificate for `name`, valid for these alternative names, such as IP:127.0.0.1."""
        authority, extensions = self.certificate, self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(alternatives or (f'DNS:{name}',))}\n")
        request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        _openssl("req", *_CURVE, *request, cwd=self.folder)
        signing = ("-CA", authority.name, "-CAkey", f"{self.name}.key", "-CAcreateserial", "-extfile", extensions.name)
        _openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing, cwd=self.folder)
        return Signed(self.folder / f"{name}.pem", self.folder / f"{name}.key")


def _openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)  # noqa: S607 - the one on the path


def locked(key: Path) -> Path:
    """The same key, with a password."""
    there = key.with_suffix(".locked")
    _openssl("pkcs8", "-topk8", "-in", str(key), "-out", str(there), "-passout", "pass:secret", cwd=key.parent)
    return there
