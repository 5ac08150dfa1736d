"""The register's settings: one frozen object, read once from `register.toml` in its folder."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from directory.errors import FolderError

FILE = "register.toml"
DEFAULT_PORT = 8440


class Settings(BaseModel):
    """Where the register listens, where its rows are, and how much it takes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = DEFAULT_PORT
    database: Annotated[str, Field(pattern=r"^(|sqlite:///.+|postgresql://.+)$")] = ""
    """Empty: `register.sqlite3` in the folder."""
    submissions_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 120


TEMPLATE = f"""# Settings of this register. Remove the # to change a value; the ones shown hold anyway.
# host = "127.0.0.1"                  # address to listen on; put a TLS proxy before a public one
# port = {DEFAULT_PORT}
# database = ""                       # empty: register.sqlite3 in this folder; or postgresql://user@host/name
# submissions_per_minute = 120        # from one address
"""


def read_settings(home: Path) -> Settings:
    """The folder's settings. FolderError names a wrong key and its nearest right one."""
    path = home / FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return Settings.model_validate(values)
    except FileNotFoundError:
        raise FolderError("E-FOLDER", f"{home} is no register's folder; make one with `directory init`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FolderError("E-SETTINGS", f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        near = difflib.get_close_matches(key, Settings.model_fields, 1)
        hint = f"; did you mean {near[0]}?" if first["type"] == "extra_forbidden" and near else ""
        raise FolderError("E-SETTINGS", f"{path}: {key}: {first['msg']}{hint}") from None
