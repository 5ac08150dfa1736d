"""Officers who share no language: what the catalogue says stands in each reader's own, what people wrote stays as it was signed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from contactpoint.domain import catalogue as catalogues
from contactpoint.web.i18n import translations
from tests.fixtures.network import StateAtWork, body_of, two_states
from tests.system.officer import first_sign_in, press, start_shift, type_in, window

pytestmark = pytest.mark.browser
FACTS = {
    "ar": "شُفّرت ملفات مجموعة مستشفيات في 3 مارس 2027، واتصل برنامج التشفير بخادم مستأجر واحد.",
    "zh": "2027年3月3日,一家医院集团的文件被加密,加密程序与一台租用服务器通信。",
}
NECESSITY = {"ar": "ينتهي عقد الخادم خلال 36 ساعة.", "zh": "服务器租约将在36小时后到期。"}
REASONS = "L'enquête nationale en cours serait compromise ; nous proposons d'en parler."
ENTRY = catalogues.load()["PRES-NEW"]


def say(language: str, english: str) -> str:
    """The text in that language; it must differ from the English one, or nothing would be shown by finding it."""
    put = translations(language).gettext(english)
    assert put not in ("", english), (language, english)
    return put


def label(path: str) -> str:
    fields = ENTRY.fields
    for name in path.split("."):
        field = next(each for each in fields if each.name == name)
        fields = field.fields
    return field.label


def choice(path: str, code: str) -> str:
    first, *rest = path.split(".")
    field = next(each for each in ENTRY.fields if each.name == first)
    for name in rest:
        field = next(each for each in field.fields if each.name == name)
    return next(each.label for each in field.choices if each.code == code)


async def choose(page: Page, language: str) -> None:
    """Take a language at the foot of the page; it stays with the officer."""
    await press(page, f"footer button[value={language}]", "Enter")
    await page.wait_for_selector(f'html[lang="{language}"]')


async def ask(page: Page, here: StateAtWork, to: str, language: str) -> str:
    """From the list of types to the case of the new request, by keyboard; returns the case's id."""
    await page.goto(f"{here.node.console_url}/new")
    await press(page, "main a[href='/new/PRES-NEW']", "Enter")
    await page.wait_for_url("**/new/PRES-NEW")
    assert await page.locator("html").get_attribute("lang") == language
    body: dict[str, Any] = body_of("A01", here.now()) | {"speech": False}
    await page.focus("#f-to")
    await page.keyboard.type(to)
    await press(page, "input[name=urgency][value=U1]", "Space")
    await type_in(page, body | {"facts": FACTS[language], "necessity": NECESSITY[language]})
    await press(page, "button[value=check]", "Enter")
    await page.get_by_role("heading", name=say(language, "What you will sign")).wait_for()
    await press(page, "button[value=sign]", "Enter")
    await page.get_by_role("heading", name=say(language, "Signed and on its way")).wait_for()
    await press(page, "main a[href^='/cases/']", "Enter")
    await page.wait_for_url("**/cases/**")
    return re.sub(r".*/cases/([^#]*).*", r"\1", page.url)


async def digest_of(page: Page, kind: str) -> str:
    """The digest of the signed bytes of the one letter of this kind, as its page says it, opened by keyboard."""
    original = page.locator("details.original", has=page.locator("dd", has_text=re.compile(rf"\b{kind}\b")))
    await original.locator("summary").first.focus()
    await page.keyboard.press("Enter")
    found = re.search(r"\b[0-9a-f]{64}\b", await original.first.inner_text())
    assert found
    return found[0]


async def stands_as_written(page: Page, text: str, language: str, direction: str) -> None:
    written = page.locator(".facts .long", has_text=text).first
    assert await written.get_attribute("dir") == "auto"
    assert await written.get_attribute("lang") == language
    assert await written.evaluate("each => getComputedStyle(each).direction") == direction


async def reads_in_french(page: Page) -> None:
    """Labels, choices, offences, class and status of the request stand in French; no coded word is left in English."""
    shown = await page.locator("main").inner_text()
    coded = (
        ENTRY.title,
        *map(label, ("facts", "data.classes", "custodian", "necessity", "mla_intent", "confidentiality")),
        *(choice("offences", code) for code in ("O-07", "O-09", "O-10", "O-17")),
        *(choice("data.classes", code) for code in ("subscriber", "traffic", "content-stored")),
        "Waiting for acknowledgement",
    )
    for english in coded:
        assert say("fr", english) in shown, english
        assert english not in shown, english
    assert say("fr", "Lost within hours") in await page.locator("h2 .class.U1").inner_text()


async def open_and_take(page: Page, here: StateAtWork, case: str) -> None:
    """Open the case, read it, take charge: by keyboard."""
    await page.goto(f"{here.node.console_url}/board")
    await page.locator(f".wait a[href^='/cases/{case}']").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/cases/**")
    await reads_in_french(page)


async def answer(page: Page, here: StateAtWork, case: str, kind: str, body: dict[str, Any]) -> None:
    await page.goto(f"{here.node.console_url}/cases/{case}")
    await press(page, f"main a[href$='/answers/{kind}']", "Enter")
    await page.wait_for_url(f"**/answers/{kind}")
    await type_in(page, body)
    await press(page, "#answer button.big", "Enter")
    await page.get_by_role("heading", name=say("fr", "Signed and on its way")).wait_for()


async def test_arabic_and_chinese_are_read_in_french_and_the_signed_original_is_the_same_at_both_ends(
    browser: Browser, tmp_path: Path
) -> None:
    async with two_states(tmp_path) as net:
        asking, asked = await (await window(browser)).new_page(), await (await window(browser)).new_page()
        for page, here, language in ((asking, net.qm, "ar"), (asked, net.qn, "fr")):
            await first_sign_in(page, here)
            await start_shift(page, here)
            await choose(page, language)

        # Asked in Arabic, read in French, refused in French, read in Arabic.
        first = await ask(asking, net.qm, "QN", "ar")
        await asked.locator(f".wait a[href^='/cases/{first}']").wait_for()
        await open_and_take(asked, net.qn, first)
        await stands_as_written(asked, FACTS["ar"], "ar", "rtl")
        assert await digest_of(asked, "PRES-NEW") == await digest_of(asking, "PRES-NEW")
        await press(asked, "button[id^='take-']", "Enter")
        await asked.get_by_role("link", name=say("fr", "Back to the case")).wait_for()
        await answer(asked, net.qn, first, "REFUSED", {"ground": "RG-21b", "reasons": REASONS})
        await asking.locator("#live .tag", has_text=say("ar", "Refused")).wait_for()
        await asking.reload()
        shown = await asking.locator("main").inner_text()
        ground = catalogues.load().all_grounds["RG-21b"].label
        for english in (ground, ENTRY.answer("REFUSED").title, "Refused"):
            assert say("ar", english) in shown, english
            assert english not in shown, english
        assert "RG-21b" in shown  # the code as it was signed
        await stands_as_written(asking, REASONS, "fr", "ltr")
        await asked.goto(f"{net.qn.node.console_url}/cases/{first}")
        assert await digest_of(asked, "REFUSED") == await digest_of(asking, "REFUSED")

        # The same officer goes on in Chinese.
        await choose(asking, "zh")
        second = await ask(asking, net.qm, "QN", "zh")
        await asked.goto(f"{net.qn.node.console_url}/board")
        await asked.locator(f".wait a[href^='/cases/{second}']").wait_for()
        await open_and_take(asked, net.qn, second)
        await stands_as_written(asked, FACTS["zh"], "zh", "ltr")
        assert await digest_of(asked, "PRES-NEW") == await digest_of(asking, "PRES-NEW")
        since = net.qn.now().strftime("%Y-%m-%d %H:%M")
        await answer(asked, net.qn, second, "EXECUTED", {"preserved_from": since, "reference": "QN-78"})
        await asking.locator("#live .tag", has_text=say("zh", "Executed")).wait_for()
        await asking.reload()
        shown = await asking.locator("main").inner_text()
        for english in (ENTRY.answer("EXECUTED").title, "Executed"):
            assert say("zh", english) in shown, english
        await asked.goto(f"{net.qn.node.console_url}/cases/{second}")
        assert await digest_of(asked, "EXECUTED") == await digest_of(asking, "EXECUTED")
