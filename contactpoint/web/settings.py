"""What the console must be told; built once by whoever starts it and handed down."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = {
    "ar": "العربية",
    "zh": "中文",
    "en": "English",
    "fr": "Français",
    "ru": "Русский",
    "es": "Español",
}
"""The official languages of the United Nations, each by its own name. All ship complete."""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """One console's settings.

    ``zone``: IANA zone of this contact point, for the local half of every time. ``hosts``: host names that this
    console answers to, ``*.`` allowed in front (a name that is not listed is refused: DNS rebinding). ``beat_s``:
    seconds between two beats of the alarm stream. ``clock_rate``: seconds of the node's clock per second, above 1
    only in a training network. ``form_bytes``: the largest form accepted. ``console_url``: where officers sign in, when the page
    *on my way* is served under another name than the console; empty when it is the console's own.
    """

    zone: str = "UTC"
    hosts: tuple[str, ...] = ("localhost", "*.localhost", "127.0.0.1")
    version: str = ""
    console_url: str = ""
    beat_s: float = 5.0
    clock_rate: float = 1.0
    form_bytes: int = 262_144
    shift_s: int = 12 * 3600
    session_s: int = 12 * 3600
    sign_ins_at_once: int = 2
