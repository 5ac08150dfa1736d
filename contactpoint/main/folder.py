"""A node's folder: which file is what, who may read it, and how it is written so that a crash leaves the old or the new one."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from contactpoint.desk.results import NodeError
from keys.custody import NodeSecret


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths of one node. Secrets are 0600, folders 0700."""

    home: Path

    @property
    def desk_secret(self) -> Path:
        return self.home / "desk.secret"

    @property
    def gateway_secret(self) -> Path:
        return self.home / "gateway.secret"

    @property
    def gateway_key(self) -> Path:
        """The gateway's signing key, sealed under ``gateway.secret``."""
        return self.home / "gateway.key"

    @property
    def register_copy(self) -> Path:
        """The verified copy of the register: what every process of the node trusts, also with no network."""
        return self.home / "register.copy"

    @property
    def genesis(self) -> Path:
        return self.home / "register.genesis"

    @property
    def documents(self) -> Path:
        """What the State has signed for the register: charter, card, members' part."""
        return self.home / "documents"

    @property
    def custody(self) -> Path:
        """Root and archive private keys under a passphrase: to be carried away from this machine."""
        return self.home / "custody"

    @property
    def tls(self) -> Path:
        return self.home / "tls"

    @property
    def blobs(self) -> Path:
        return self.home / "blobs"


def write_private(path: Path, data: bytes) -> Path:
    """Write a file that only this user may read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name that nobody can have laid out before: a link or a readable file waiting there would be written through.
    descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise
    return path


def write_file(path: Path, data: bytes) -> Path:
    """Write a file that an officer asked for, where the officer said, readable by this user only. Raises NodeError."""
    try:
        write_private(path, data)
    except OSError as error:
        raise NodeError("E-FOLDER", f"{path} cannot be written: {error.strerror}", "choose another place") from error
    return path


def read_file(path: Path, what_to_do: str) -> bytes:
    """A file of the folder. Raises NodeError that says what helps."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NodeError("E-FOLDER", f"{path} cannot be read: {error.strerror}", what_to_do) from error


def read_secret(path: Path) -> NodeSecret:
    """A node secret. One that others may read is refused: it may have been copied already."""
    data = read_file(path, "run `contactpoint init` in an empty folder, or name the right one with --home")
    if path.stat().st_mode & 0o077:
        raise NodeError(
            "E-FOLDER", f"{path} may be read by others", f"run `chmod 600 {path.name}` and think about who read it"
        )
    return NodeSecret(data)
