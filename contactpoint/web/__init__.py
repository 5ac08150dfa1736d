"""The console: pages in the officer's browser, live events, health. It only translates; every decision is the desk's."""

from contactpoint.web.app import create_app, drain
from contactpoint.web.settings import WebSettings

__all__ = ["WebSettings", "create_app", "drain"]
