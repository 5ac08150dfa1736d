"""The servers that other tests lean on are real and reachable."""

import smtplib
import socket
from email.message import EmailMessage

import pytest
from playwright.async_api import Page
from redis.asyncio import Redis

from tests.fixtures.databases import PostgresServer
from tests.fixtures.mail import MailServer


@pytest.mark.postgres
def test_each_test_gets_an_empty_postgresql_database(postgres_server: PostgresServer, postgres_url: str) -> None:
    name = postgres_url.rsplit("/", 1)[1]
    assert postgres_server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name) == "0"
    assert postgres_server.sql("SHOW fsync") == "on"


@pytest.mark.redis
async def test_redis_carries_a_message(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis, redis.pubsub() as listener:
        await listener.subscribe("bell")
        await listener.get_message(timeout=5)
        await redis.publish("bell", b"ring")
        message = await listener.get_message(timeout=5)
    assert message["data"] == b"ring"


@pytest.mark.browser
async def test_chromium_runs_a_page(page: Page) -> None:
    await page.set_content("<title>x</title><script>document.title = 'rings'</script>")
    assert await page.title() == "rings"


def test_the_mail_server_keeps_what_it_was_given(mail_server: MailServer) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "node@xa.example", "officer@xa.example", "A message waits"
    letter.set_content("Sign in.")
    with smtplib.SMTP(mail_server.host, mail_server.port, timeout=10) as client:
        client.send_message(letter)
    assert [kept["Subject"] for kept in mail_server.letters] == ["A message waits"]
    assert mail_server.recipients == ["officer@xa.example"]


def test_a_test_cannot_leave_this_machine() -> None:
    with socket.socket() as probe, pytest.raises(PermissionError):
        probe.connect(("192.0.2.1", 443))
