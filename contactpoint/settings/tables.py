"""Every setting of a node, with its meaning, unit and limits: the one place where they are named."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

FILE = "node.toml"
PREFIX = "CONTACTPOINT_"
ChannelName = Literal["console", "smtp", "exec", "webhook", "sms", "voice", "chat", "push"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class PublicSettings(_Table):
    """The listener that other States' nodes reach. Nothing but the link is behind it."""

    host: str = Field(description="name or address that stands in the charter; other States dial it", min_length=1)
    port: int = Field(description="TCP port that other States dial", ge=1, le=65535)
    address: str = Field(default="0.0.0.0", description="address to listen on")  # noqa: S104 - this listener is public
    tls: bool = Field(default=True, description="false only behind a proxy that ends TLS 1.3 itself")
    trust: Literal["pin", "webpki"] = Field(
        default="pin", description="how peers know this server: the key's digest in the charter, or a public authority"
    )
    certificate: Path = Field(default=Path("tls/public.crt"), description="PEM; made by `init`, or your own")
    key: Path = Field(default=Path("tls/public.key"), description="PEM, readable by this user only")


class InsideSettings(_Table):
    """The listener for officers and programs of this State: console, API."""

    port: int = Field(description="TCP port of the console", ge=1, le=65535)
    host: str = Field(default="localhost", description="name that stands in the console's links", min_length=1)
    address: str = Field(default="127.0.0.1", description="address to listen on")
    allow_public: bool = Field(default=False, description="true lets the console listen on a public address")
    tls: bool = Field(default=True, description="false only behind a proxy on this machine")
    certificate: Path = Field(default=Path("tls/inside.crt"), description="PEM; made by `init`, or your own")
    key: Path = Field(default=Path("tls/inside.key"), description="PEM, readable by this user only")

    @model_validator(mode="after")
    def _inside_stays_inside(self) -> InsideSettings:
        # a console on the open Internet is found by scanners within minutes
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError as error:
            raise ValueError("inside.address is an IP address, such as 127.0.0.1") from error
        if not self.allow_public and (address.is_unspecified or address.is_global):
            raise ValueError("inside.address is public; choose an inside address, or say inside.allow_public = true")
        return self


class DirectorySettings(_Table):
    """The register that this node trusts."""

    url: str = Field(description="where the register answers", pattern=r"^https?://[^\s]+$")
    genesis: str = Field(description="SHA-256 of the register's genesis: 64 hexadecimal digits, as published")
    refresh_s: int = Field(default=300, description="seconds between two looks at the register", ge=1, le=86400)

    @field_validator("genesis")
    @classmethod
    def _digest(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
            raise ValueError("directory.genesis is 64 hexadecimal digits; the registrar publishes it")
        return value.lower()


class DatabaseSettings(_Table):
    """One database for the desk, one for the gateway; never the same."""

    desk: SecretStr = Field(
        default=SecretStr("sqlite:///desk.sqlite3"), description="sqlite:///FILE or postgresql://..."
    )
    gateway: SecretStr = Field(
        default=SecretStr("sqlite:///gateway.sqlite3"), description="sqlite:///FILE or postgresql://..."
    )


class MailSettings(_Table):
    """The State's mail server, for notices: they say only that a message waits."""

    host: str = Field(description="mail server", min_length=1)
    port: int = Field(default=587, description="587 for starttls, 465 for tls", ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = Field(default="starttls", description="none | starttls | tls")
    sender: str = Field(description="address in From", pattern=r"^[^@\s]+@[^@\s]+$")
    recipient: str = Field(description="the desk's own address, for alarms", pattern=r"^[^@\s]+@[^@\s]+$")
    username: str = Field(default="", description="empty: no sign-in")
    password: SecretStr | None = Field(default=None, description="better: password_file")
    password_file: Path | None = Field(default=None, description="file that holds the password on its first line")
    ca_file: Path | None = Field(default=None, description="PEM of the ministry's own authority")
    timeout_s: float = Field(default=20.0, description="seconds until an attempt counts as unknown", gt=0, le=300)


class HookSettings(_Table):
    """A program of your own that calls people: modem, siren, text messages. Started without a shell."""

    command: tuple[str, ...] = Field(description="the program and its arguments, as a list", min_length=1)
    timeout_s: float = Field(default=30.0, description="seconds until it is killed and counts as unknown", gt=0, le=300)


class WebhookSettings(_Table):
    """A receiver of your own that calls people: each notice is one signed POST (Standard Webhooks)."""

    url: str = Field(description="where notices are posted, with https", pattern=r"^https?://[^\s]+$")
    secret: SecretStr | None = Field(default=None, description="whsec_...; better: secret_file")
    next_secret: SecretStr | None = Field(default=None, description="a second one, while the receiver changes its own")
    secret_file: Path | None = Field(default=None, description="file with one secret, or two, each on a line")
    ca_file: Path | None = Field(default=None, description="PEM of the ministry's own authority")
    timeout_s: float = Field(default=15.0, description="seconds until an attempt counts as unknown", gt=0, le=300)


class AppriseSettings(_Table):
    """Services that Apprise knows, one for each channel. `{to}` stands where the person's own address goes."""

    sms: SecretStr | None = Field(default=None, description="text messages: the service's Apprise address")
    voice: SecretStr | None = Field(default=None, description="voice calls")
    chat: SecretStr | None = Field(default=None, description="chat messages")
    push: SecretStr | None = Field(default=None, description="push messages to an app")
    timeout_s: float = Field(default=20.0, description="seconds until an attempt counts as unknown", gt=0, le=300)


class ReachSettings(_Table):
    """Where the page *on my way* is found by an officer's telephone. It shows one button and no content."""

    url: str = Field(
        default="",
        description="address that stands in notices; empty: the console's",
        pattern=r"^(https?://[^\s?#]+)?$",
    )
    port: int | None = Field(default=None, description="a listener of its own for this one page", ge=1, le=65535)
    address: str = Field(default="127.0.0.1", description="address on which that listener listens")


class DrillSettings(_Table):
    """How this State tries whether others can be reached: drills that a person answers, pings that a machine does."""

    every_days: int | None = Field(
        default=None,
        description="days between two drills of one State, 7 or more; 0: none. Left out: 28, and none in a training network",
        ge=0,
        le=366,
    )
    states: tuple[str, ...] = Field(default=(), description="only these States are tried by drills; empty: all")
    ping_s: int = Field(default=60, description="seconds between two pings of each State; 0: none", ge=0, le=3600)


class RedisSettings(_Table):
    """Wakes the parts of a node that run apart a little earlier. Nothing is kept in it and nothing depends on it."""

    url: SecretStr = Field(default=SecretStr(""), description="redis://host:6379/0; empty: parts find news by polling")


class MetricsSettings(_Table):
    """Figures for Prometheus, on a listener of their own for this State's own people. No content, no names."""

    port: int = Field(default=0, description="TCP port; 0: none", ge=0, le=65535)
    address: str = Field(default="127.0.0.1", description="address to listen on; an inside one")

    @field_validator("address")
    @classmethod
    def _inside(cls, value: str) -> str:
        # how busy a desk is at night is nobody else's affair
        try:
            address = ipaddress.ip_address(value)
        except ValueError as error:
            raise ValueError("metrics.address is an IP address, such as 127.0.0.1") from error
        if address.is_global:
            raise ValueError("metrics.address is public; choose an inside address")
        return value


class DeadManSettings(_Table):
    """A service outside that misses this node: it is called every minute while all is well, and shouts when the calls end."""

    url: SecretStr = Field(default=SecretStr(""), description="https address that is called; empty: none")
    timeout_s: float = Field(default=10.0, description="seconds until a call counts as lost", gt=0, le=60)


class LogSettings(_Table):
    """What the node says on standard error. Never bodies, keys or addresses."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="debug|info|warning|error")
    format: Literal["json", "text"] = Field(default="text", description="json for a collector, text for people")


class NodeSettings(BaseSettings):
    """Everything that one node is told. Paths are relative to the node's folder: see `within`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", validate_default=True
    )

    state: str = Field(description="code of the State, such as XA, or of a territory, XA-T1")
    name: str = Field(description="name of the contact point, as people know it", min_length=1, max_length=120)
    public: PublicSettings
    inside: InsideSettings
    directory: DirectorySettings
    database: DatabaseSettings = DatabaseSettings()
    mail: MailSettings | None = None
    hook: HookSettings | None = None
    webhook: WebhookSettings | None = None
    apprise: AppriseSettings | None = None
    reach: ReachSettings = ReachSettings()
    drills: DrillSettings = DrillSettings()
    redis: RedisSettings = RedisSettings()
    metrics: MetricsSettings = MetricsSettings()
    deadman: DeadManSettings = DeadManSettings()
    log: LogSettings = LogSettings()

    @field_validator("state")
    @classmethod
    def _code(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,6})?", value):
            raise ValueError("state is two capital letters, such as XA, or a territory, XA-T1")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def table_of(field: FieldInfo) -> type[BaseModel] | None:
    """The table that a field holds, or None for a plain value."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
