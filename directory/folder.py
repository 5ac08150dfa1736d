"""The register's folder: settings, genesis, rows, one secret, and the keys sealed under it. All files 0600."""

import os
from dataclasses import dataclass
from pathlib import Path

from directory.documents import Genesis, read_genesis
from directory.errors import FolderError
from directory.logkey import LogKey
from directory.settings import FILE, TEMPLATE
from keys.custody import NodeSecret
from keys.errors import KeysError
from keys.signing import SigningKey

SECRET_FILE = "registrar.secret"
GENESIS_FILE = "genesis.cbor"
DATABASE_FILE = "register.sqlite3"
_REGISTRAR = "registrar.sealed"
_LOG = "log.sealed"


@dataclass(frozen=True, slots=True)
class Folder:
    """A register's folder on disk."""

    home: Path

    def make(self, secret: bytes, registrar_seed: bytes, log_seed: bytes, genesis: bytes) -> None:
        """Write a new folder. FolderError if there is a register in it already."""
        if (self.home / SECRET_FILE).exists() or (self.home / GENESIS_FILE).exists():
            raise FolderError("E-FOLDER", f"{self.home} holds a register already; choose another folder")
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        node = NodeSecret(secret)
        self._write(SECRET_FILE, secret)
        self._write(_REGISTRAR, node.seal("registrar", registrar_seed))
        self._write(_LOG, node.seal("log", log_seed))
        self._write(GENESIS_FILE, genesis)
        self._write(FILE, TEMPLATE.encode())

    def genesis(self) -> tuple[Genesis, bytes]:
        """The genesis and its bytes."""
        data = self._read(GENESIS_FILE)
        return read_genesis(data), data

    def registrar(self) -> SigningKey:
        """The registrar's key: for approving and suspending only."""
        return SigningKey.from_seed(self._open(_REGISTRAR, "registrar"))

    def log_key(self) -> LogKey:
        """The log's key: for checkpoints only."""
        return LogKey.from_seed(self._open(_LOG, "log"))

    def database_url(self, named: str) -> str:
        """The database's URL: as named, or the folder's own SQLite file."""
        return named or f"sqlite:///{(self.home / DATABASE_FILE).resolve()}"

    def _open(self, name: str, purpose: str) -> bytes:
        path = self.home / SECRET_FILE
        if path.exists() and path.stat().st_mode & 0o077:
            raise FolderError("E-FOLDER", f"others may read {path}; run: chmod 600 {path}")
        try:
            return NodeSecret(self._read(SECRET_FILE)).open(purpose, self._read(name))
        except KeysError as error:
            raise FolderError("E-FOLDER", f"{name} does not open; restore the folder from its backup") from error

    def _read(self, name: str) -> bytes:
        try:
            return (self.home / name).read_bytes()
        except FileNotFoundError:
            raise FolderError(
                "E-FOLDER", f"{self.home} is no register's folder ({name} is missing); make one with `directory init`"
            ) from None

    def _write(self, name: str, data: bytes) -> None:
        descriptor = os.open(self.home / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
