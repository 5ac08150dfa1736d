"""`notify test | log | reply`, and `notify contacts list | add | verify | remove | rules`: how officers are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contactpoint.cli.errors import CommandError
from contactpoint.cli.options import HERE, Home, Json, Yes, confirm, output, run

if TYPE_CHECKING:
    from contactpoint.desk.views import AttemptView
    from contactpoint.domain.notices import Rules

app = typer.Typer(help="How officers are called, and what became of each notice.", rich_markup_mode=None)
contacts = typer.Typer(help="Where an officer is called. Each address is verified by a code.", rich_markup_mode=None)
app.add_typer(contacts, name="contacts")

Number = Annotated[str, typer.Argument(metavar="OFFICER", help="The officer's number, such as XA-OFF-001.")]
Contact = Annotated[
    str, typer.Argument(metavar="CONTACT", help="The contact's id, as `notify contacts list` prints it.")
]
_TURN = re.compile(r"(U[0-3])=(.*)")


@app.command("test")
def send_test(
    number: Number,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Only on this channel.")] = "",
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Send a test to an officer's contacts now. Exit 1 when one certainly did not arrive."""
    from contactpoint import main

    sent = run(main.notify_test(home, number, channel))
    out = output(as_json)
    rows = [(each.channel, each.address, each.result, each.text) for each in sent]
    out.data(sent, out.table(("channel", "address", "result", "finding"), rows))
    if any(each.result == "FAILED" for each in sent):
        raise typer.Exit(1)


@app.command()
def log(
    identity: Annotated[str, typer.Argument(metavar="REQUEST", help="A request's id, label or the start of its id.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Print every attempt to reach somebody about a request."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.notify_log(home, identity))
    out = output(as_json)
    head = ("at", "officer", "channel", "attempt", "result", "finding")
    out.data(found, out.table(head, [(instant(each.at), *_told(each)) for each in found]) if found else ())
    if not found:
        out.say("Nobody was called about this request.")


@app.command()
def reply(
    sender: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="Where the reply came from.")],
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="What it says: the reference, or 1.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Record a text reply as *on my way*. A program that receives text messages calls this.

    It must come from a verified contact, and name the reference of a page that still rings (or be the single key 1).
    """
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.notify_reply(home, sender, text))
    waits = f"; the ladder waits until {instant(found.until)}" if found.until else ""
    output(as_json).data(found, [f"{found.request}  {found.officer} is on the way{waits}"])


def _told(each: AttemptView) -> tuple[str, ...]:
    more = f"{each.text} ({each.provider_id})" if each.provider_id else each.text
    return each.officer, each.channel, str(each.number), each.result or "under way", more


@contacts.command("list")
def list_contacts(number: Number, home: Home = HERE, as_json: Json = False) -> None:
    """List an officer's contacts in the order in which they are used."""
    from contactpoint import main
    from contactpoint.cli.output import instant

    found = run(main.notify_list(home, number))
    out = output(as_json)
    rows = [
        (c.id, c.channel, c.address, c.state, instant(c.until), "" if c.used else "not used") for c in found.contacts
    ]
    told = {
        "officer": found.officer,
        "contacts": found.contacts,
        "channels": found.channels,
        "rules": found.rules.to_plain(),
        "log": found.log,
    }
    out.data(told, out.table(("id", "channel", "address", "state", "until", ""), rows) if rows else ())
    if not any(each.state == "verified" for each in found.contacts):
        verify = (
            f"verify {found.officer} {found.contacts[0].id}"
            if found.contacts
            else f"add {found.officer} --channel CHANNEL --address ADDRESS"
        )
        out.say(f"No contact is verified. Next: run `contactpoint notify contacts {verify}`.")
    elif not all(each.used for each in found.contacts):
        out.say("Contacts that are not verified are not used, because another one is.")


@contacts.command()
def add(
    number: Number,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="smtp, exec, webhook, sms and so on.")],
    address: Annotated[str, typer.Option("--address", metavar="ADDRESS", help="Mail address, number or name.")],
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Add an address for an officer; it counts once its code came back."""
    from contactpoint import main

    made = run(main.notify_add(home, number, channel, address))
    out = output(as_json)
    out.data({"id": made, "officer": number, "channel": channel}, [made])
    out.say(f"Next: run `contactpoint notify contacts verify {number} {made}`; it sends a code there.")


@contacts.command()
def verify(
    number: Number,
    contact: Contact,
    code: Annotated[
        str, typer.Option("--code", metavar="CODE", help="The code that came; without it, one is sent.")
    ] = "",
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Send a code to a contact, or with --code type it back."""
    from contactpoint import main

    out = output(as_json)
    if code:
        run(main.notify_verify(home, number, contact, code))
        out.data({"id": contact, "verified": True}, [f"{contact} is verified for 90 days"])
        return
    sent = run(main.notify_code(home, number, contact))
    out.data({"id": contact, "verified": False, "sent": sent}, [f"{sent.result}  {sent.text}"])
    if sent.result == "FAILED":
        raise typer.Exit(1)
    out.say(f"Next: run `contactpoint notify contacts verify {number} {contact} --code CODE` within 15 minutes.")


@contacts.command()
def remove(number: Number, contact: Contact, yes: Yes = False, home: Home = HERE, as_json: Json = False) -> None:
    """Remove an address: no notice goes there any more."""
    confirm(f"Remove {contact} of {number}?", yes)
    from contactpoint import main

    run(main.notify_remove(home, number, contact))
    output(as_json).data({"id": contact, "removed": True}, [f"{contact} is removed"])


@contacts.command()
def rules(
    number: Number,
    order: Annotated[
        list[str] | None,
        typer.Option(
            "--order",
            metavar="CLASS=CHANNEL[+SECONDS],...",
            help="Such as U0=push,sms+60; CLASS= alone takes the rule away; several times.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        str, typer.Option("--quiet", metavar="HH:MM-HH:MM", help="Quiet hours, for U3 only; `none` ends them.")
    ] = "",
    zone: Annotated[str, typer.Option("--zone", metavar="ZONE", help="IANA zone of the quiet hours.")] = "",
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Print or change how an officer wants to be called. The first notice of a rung always goes out at once."""
    changed: dict[str, Any] = {}
    if order:
        changed["turns"] = dict(_turns(each) for each in order)
    if quiet:
        changed["quiet"] = None if quiet == "none" else quiet.split("-")
    if zone:
        changed["zone"] = zone
    from contactpoint import main

    found = run(main.notify_rules(home, number, changed))
    output(as_json).data(found.to_plain(), _rule_lines(found))


def _turns(text: str) -> tuple[str, list[list[Any]]]:
    """``U0=push,sms+60`` as a class and its turns."""
    matched = _TURN.fullmatch(text.strip())
    if matched is None:
        raise CommandError(f"{text} is no order of channels.", "Write it like this: U0=push,sms+60")
    turns: list[list[Any]] = []
    for part in filter(None, (each.strip() for each in matched[2].split(","))):
        channel, _, delay = part.partition("+")
        if delay and not (delay.isascii() and delay.isdecimal() and len(delay) < 6):
            raise CommandError(f"{part} is no channel with a delay.", "Write it like this: sms+60")
        turns.append([channel, int(delay or 0)])
    return matched[1], turns


def _rule_lines(found: Rules) -> list[str]:
    lines = [
        f"{urgency.value}  " + ", then ".join(f"{turn.channel} after {turn.delay_s} s" for turn in turns)
        for urgency, turns in sorted(found.turns.items())
    ]
    if found.quiet is not None:
        place = found.zone or "the State's zone"
        lines.append(f"quiet hours for U3  {found.quiet[0]:%H:%M}-{found.quiet[1]:%H:%M} ({place})")
    return lines or ["no rules: every verified contact of a rung at once"]
