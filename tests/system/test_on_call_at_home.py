"""On call at home: two running nodes, a real mail server, the commands, and the page that a telephone opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx2
from playwright.async_api import Browser

from tests.cli.test_cli_threats import Commands
from tests.fixtures.mail import MailServer
from tests.fixtures.network import two_states, until
from tests.fixtures.ports import free_port

ME = "QN-OFF-001"


def with_mail(mail: MailServer, reach_port: int) -> Callable[[Path], None]:
    """Settings: the mail server, and for QN a listener for *on my way* alone."""

    def prepare(home: Path) -> None:
        settings = home / "node.toml"
        text = settings.read_text()
        table = f'\n[mail]\nhost = "{mail.host}"\nport = {mail.port}\nsecurity = "none"\n'
        table += 'sender = "desk@qn.example"\nrecipient = "night@qn.example"\n'
        if home.name == "QN":
            told = f'[reach]\nurl = "https://localhost:{reach_port}"\nport = {reach_port}\n'
            text = text.replace("[reach]\n", told, 1)
        settings.write_text(text + table)

    return prepare


async def test_an_officer_at_home_is_called_by_mail_and_says_on_my_way_by_the_link(
    tmp_path: Path, mail_server: MailServer, browser: Browser
) -> None:
    port = free_port()
    async with two_states(tmp_path, prepare=with_mail(mail_server, port)) as net:
        here = Commands(net.qn, tmp_path)

        # The officer's own contact: added, a code sent by real mail, typed back, tested.
        made = await here("notify", "contacts", "add", ME, "--channel", "smtp", "--address", "one@qn.example")
        sent = await here("notify", "contacts", "verify", ME, made["id"])
        assert sent["sent"]["result"] == "DELIVERED"
        [code] = re.findall(r": (\d{6})$", str(mail_server.letters[-1]["Subject"]))
        wrong = await here("notify", "contacts", "verify", ME, made["id"], "--code", "x", code=1)
        assert wrong["error"]["code"] == "E-CODE"
        assert (await here("notify", "contacts", "verify", ME, made["id"], "--code", code))["verified"]
        [tested] = await here("notify", "test", ME, "--channel", "smtp")
        assert tested["result"] == "DELIVERED"
        await here("notify", "contacts", "rules", ME, "--order", "U1=smtp,console+60", "--quiet", "22:00-07:00")
        listed = await here("notify", "contacts", "list", ME)
        assert [each["state"] for each in listed["contacts"]] == ["verified"]
        assert listed["rules"]["turns"] == {"U1": [["smtp", 0], ["console", 60]]}

        # A request arrives; the page bears the link and no word of the case.
        request = await net.qm.ask(net.qn)

        async def paged() -> bool:
            return any("A message waits" in str(letter["Subject"]) for letter in mail_server.letters)

        await until(paged)
        letter = next(each for each in mail_server.letters if "A message waits" in str(each["Subject"]))
        assert letter["To"] == "one@qn.example"
        text = letter.get_content()
        [link] = re.findall(r"https://\S+/reach/\S+", text)
        assert "hospital" not in str(letter).lower()
        assert "PRES-NEW" not in str(letter)

        # A mail scanner opens it; nothing happens. The officer's telephone opens it and presses the button.
        async with httpx2.AsyncClient(verify=False) as scanner:
            assert (await scanner.get(link)).status_code == 200
            assert (await scanner.get(f"https://localhost:{port}/board")).status_code == 404
        telephone = await browser.new_context(
            ignore_https_errors=True, java_script_enabled=False, viewport={"width": 320, "height": 640}
        )
        page = await telephone.new_page()
        await page.goto(link)
        await page.get_by_role("button").click()
        door = await page.get_by_role("link").get_attribute("href")
        assert door is not None
        assert door.startswith(net.qn.node.console_url + "/sign-in?next=/cases/")
        await page.goto(door)
        assert await page.get_by_label("Officer number").is_visible()
        await telephone.close()

        async def told() -> bool:
            view = await net.qm.desk.request_view(request.id, net.qm.now())
            return view is not None and any(fact.level == "officer-reached" for fact in view.facts)

        await until(told)
        log = await here("notify", "log", request.id)
        assert ("smtp", "DELIVERED") in {(each["channel"], each["result"]) for each in log}
        late = await here("notify", "reply", "--from", "one@qn.example", "--text", "hello", code=2)
        assert late["error"]["code"] == "E-REPLY"
        again = await here("notify", "reply", "--from", "One@qn.example", "--text", f"re: {request.id[-12:]}")
        assert (again["officer"], again["until"]) == (ME, None)
        assert await here("config", "check") == {"ok": True, "problems": []}
