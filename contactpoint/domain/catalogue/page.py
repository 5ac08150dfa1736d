"""The page `docs/catalogue.md`, drawn from the catalogue, so that reference and program cannot part.

`python -m contactpoint.domain.catalogue.page > docs/catalogue.md` writes it anew; a test compares the two.
"""

import sys
from collections.abc import Iterable, Iterator

from contactpoint.domain.catalogue import load
from contactpoint.domain.catalogue.model import Answer, Catalogue, Citation, Clock, Entry, Field
from contactpoint.domain.catalogue.words import Consequence, Opens, Required

_HEAD = """# The catalogue: what may be asked and answered

Generated from `contactpoint/domain/catalogue/v1`; do not edit. Titles and help are own words and replace no official text.

Every citation bears the tag of its source: `S…` read in a source, `M` from memory of the text, `M?` with doubt, `D` a proposal of this
service and no law; and *checked: no* until a lawyer has compared the paragraph with the official text. What is unchecked is listed
[at the end](#unchecked-citations).

In the tables of fields **bold** is mandatory, *unknown* is asked and may be answered with `unknown`, the rest is optional. In the
tables of answers *word* leads to a status in the stages named, *noted* is kept and shown and leaves the status as it was. The stages
are new, taken, asked, working, paused (the asking State is to speak), partial, final; a name in capitals is one status.
"""

_OPENS = {
    Opens.CASE: "opens a case",
    Opens.REQUEST: "opens a request in the case of its parent",
    Opens.EITHER: "opens a case, or with a parent a request in the parent's case",
    Opens.MOVE: "moves a request",
}


def catalogue_page(catalogue: Catalogue) -> str:
    """Promise: the whole page as text, the same for the same catalogue."""
    groups = list(dict.fromkeys(entry.group for entry in catalogue.entries.values()))
    lines = [_HEAD, "## Types\n", "| Code | What it is | Articles | Group |", "|---|---|---|---|"]
    entries = catalogue.entries.values()
    lines += [_row(f"[{each.code}](#{each.code.lower()})", each.title, each.article, each.group) for each in entries]
    for group in groups:
        lines += [f"\n## Group: {group}"]
        for entry in (each for each in entries if each.group == group):
            lines += ["", *_entry(entry)]
    lines += ["", *_shared(catalogue), "", *_unchecked(catalogue)]
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _list(items: Iterable[str]) -> str:
    return ", ".join(f"`{item}`" for item in items) or "–"


def _tagged(article: str, tag: str, checked: bool = False) -> str:
    if not article:
        return ""
    return f"{article} ({tag or 'D'}; checked: {'yes' if checked else 'no'})"


def _cited(citation: Citation) -> str:
    return _tagged(citation.article, citation.source_tag, citation.checked)


def _entry(entry: Entry) -> Iterator[str]:
    yield f"### {entry.code}\n"
    yield f"**{entry.title}.** {entry.summary}\n"
    yield f"- Articles: {_cited(entry.citation)}"
    yield from (f"- {name}: {value}" for name, value in _facts(entry))
    yield from _urgencies(entry)
    yield from ("", *_fields(entry.fields))
    if entry.answers:
        yield from ("", *_answers(entry))
    if entry.grounds:
        yield from ("", *_grounds(entry))
    if entry.clocks:
        yield from ("", *_clocks(entry))
    yield from _following(entry)


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "It", _OPENS[entry.opens]
    if entry.opens is not Opens.CASE:
        states = f", in {_list(entry.parent_states)}" if entry.parent_states else ""
        yield "About", (_list(entry.parents) if entry.parents else "any request") + states
    if entry.opens.may_follow:
        yield "Opened by", " or ".join(f"the {side.value} of the parent" for side in entry.by)
    if entry.family:
        yield "Family", f"41(3)({entry.family}): does itself, passes on or not available, as the recipient's card says"
    if entry.right != "send" or entry.answer_right != "answer":
        yield "Rights", f"to send `{entry.right}`, to decide `{entry.answer_right}`"
    if entry.authority:
        yield "Decided by", f"the authority `{entry.authority}` of the recipient's card (41(4))"
    if entry.calls != "duty":
        yield "Calls", f"the officers with the right `{entry.calls}`, not whoever has the watch"
    if entry.audience.value != "one":
        yield "Goes to", {"several": "one State or several", "all": "one State, several, or all"}[entry.audience.value]
    if not entry.rings:
        yield "Rings", "nobody; it stands in a list of its own"
    yield from _gates(entry)


def _gates(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.scope:
        yield "Scope", "the gate of Article 35 warns (`E-SCOPE-35`) and does not block"
    if entry.rights_check:
        yield (
            "Rights check",
            "for an offence outside Articles 7 to 17, and where the facts are speech, press, belief or assembly",
        )
    if entry.executes:
        yield "Rights check", "where its parent stands under one: it gives what was found in executing that"
    if entry.specific:
        yield "Specific by", f"at least one of {_list(entry.specific)}, or a warning (`E-NOT-SPECIFIC`)"
    for names in entry.any_of:
        yield "Needs", f"at least one of {_list(names)}"
    if entry.reservation:
        yield "Reservation", f"a State may have limited the power itself ({entry.reservation})"
    if entry.withheld:
        yield "Withheld", f"{_list(entry.withheld)} until the conditions are accepted by signature"
    if entry.consequence is not Consequence.NOTHING:
        yield "Effect", _effect(entry.consequence)


def _effect(consequence: Consequence) -> str:
    return "" if consequence is Consequence.NOTHING else f"`{consequence.value}`"


def _urgencies(entry: Entry) -> Iterator[str]:
    signers = ", ".join(
        f"{urgency.value}: {each.value}{' or station' if urgency in entry.station else ''}"
        for urgency, each in entry.signers.items()
    )
    yield f"- Signers by class: {signers}"
    for urgency, text in entry.urgency_texts.items():
        if text:
            yield f"- {urgency.value}: {text}"


def _fields(fields: Iterable[Field]) -> Iterator[str]:
    yield "| Field | What it is | Holds | Citation |"
    yield "|---|---|---|---|"
    for field in fields:
        yield from _field(field, "")


def _field(field: Field, prefix: str) -> Iterator[str]:
    name = f"`{prefix}{field.name}`"
    marked = {Required.REQUIRED: f"**{name}**", Required.MAY_BE_UNKNOWN: f"{name} *unknown*"}.get(field.required, name)
    told = (
        f"{field.label}. {field.help}" if field.help and field.label[-1] not in "?." else f"{field.label} {field.help}"
    )
    yield _row(marked, told.strip(), _holds(field), _tagged(field.citation, field.source_tag))
    for inner in field.fields:
        yield from _field(inner, f"{prefix}{field.name}.")


def _holds(field: Field) -> str:
    parts = [field.type.value]
    if field.minimum is not None or field.maximum is not None:
        parts.append(f"{field.minimum} to {'any' if field.maximum is None else field.maximum}")
    parts += ["not in the future"] if field.past else []
    parts += ["always asked"] if field.ask else []
    parts += ["no personal data"] if field.no_personal_data else []
    parts += ["words of another type are stopped (`E-WRONG-TYPE`)"] if field.forbidden_words else []
    parts += [f"a plain text means its `{field.text_part}`"] if field.text_part else []
    if field.needed_with is not None:
        beside, value = field.needed_with
        parts.append(f"mandatory beside `{beside}`" + (f" = {value}" if value else ""))
    return ", ".join(parts)


def _answers(entry: Entry) -> Iterator[str]:
    yield "| Answer or step | Said by | Stage after it | When | Signers, needs, effect | Citation |"
    yield "|---|---|---|---|---|---|"
    for answer in entry.answers:
        by = " or ".join(side.value for side in answer.by)
        cells = (f"`{answer.code}` {answer.title}", by, _leads(answer), _when(answer), _asks(answer))
        yield _row(*cells, _cited(answer.citation))
    yield "\nTheir fields (mandatory in bold):\n"
    for answer in entry.answers:
        if answer.fields:
            yield f"- `{answer.code}`: {', '.join(map(_named, answer.fields))}"


def _named(field: Field) -> str:
    return f"`{field.name}`" if field.required is Required.OPTIONAL else f"**`{field.name}`**"


def _leads(answer: Answer) -> str:
    if not answer.after:
        return "recorded step"
    return f"{answer.stage.value}" + (f", status `{answer.leads_to}`" if answer.leads_to != answer.code else "")


def _when(answer: Answer) -> str:
    parts = [f"word: {', '.join(answer.after)}"] if answer.after else []
    parts += [f"noted: {', '.join(answer.noted)}"] if answer.noted else []
    return "; ".join(parts)


def _asks(answer: Answer) -> str:
    parts = [answer.signers.value]
    parts += [f"needs {_list(answer.needs)}"] if answer.needs else []
    parts += [f"right `{answer.right}`"] if answer.right else []
    parts += ["discloses"] if answer.discloses else []
    parts += [f"withholds {_list(answer.withheld)}"] if answer.withheld else []
    parts += [f"effect {_effect(answer.consequence)}"] if answer.consequence is not Consequence.NOTHING else []
    return ", ".join(parts)


def _grounds(entry: Entry) -> Iterator[str]:
    yield "Grounds of refusal open here (another needs a supervisor's override, which the other State sees):\n"
    for ground in entry.grounds:
        needs = entry.ground_needs.get(ground.code, ())
        limits = [ground.only_if] if ground.only_if else []
        limits += [f"Only after {_list(needs)}"] if needs else []
        told = f" {'. '.join(limits)}." if limits else ""
        yield f"- `{ground.code}` ({ground.citation}): {ground.label}{told}"


def _clocks(entry: Entry) -> Iterator[str]:
    yield "| Clock | What it says | Runs from | Length | Told | Closed by | Citation |"
    yield "|---|---|---|---|---|---|---|"
    for clock in entry.clocks:
        told = f"{', '.join(clock.audience)} at {clock.at.value}; {_alarms(clock)}"
        cells = (f"`{clock.code}`", clock.label, f"`{clock.starts}`", _length(clock), told, _list(clock.stops))
        yield _row(*cells, _cited(clock.citation))


def _length(clock: Clock) -> str:
    if clock.terms:
        return ", ".join(f"{urgency.value}: {seconds // 3600} h" for urgency, seconds in clock.terms.items())
    if clock.until:
        return f"until `{clock.until}`"
    length = f"{clock.hours} h" if clock.hours is not None else f"{clock.days} {clock.counting.value} days"
    length += ", the day on which it begins counted" if clock.receipt_day_counts else ""
    return f"{length}{', at least' if clock.minimum else ''}{', ends on a working day' if clock.end_on_working_day else ''}"


def _alarms(clock: Clock) -> str:
    days = [f"day −{number}" for number in clock.alarm_days]
    parts = [f"{percent} %" for percent in clock.alarm_percent]
    certificate = ["a signed certificate when it lapses"] if clock.certificate else []
    return ", ".join([*days, *parts, *certificate]) or "at the end"


def _following(entry: Entry) -> Iterator[str]:
    if entry.next_steps:
        yield "\nNext steps:\n"
    for step in entry.next_steps:
        to = f", to the State in `{step.to}`" if step.to else ""
        yield f"- `{step.kind}` by the {step.by.value} after {_list(step.after)}{to}: {step.label}"
    if entry.offers:
        yield "\nInstead, when a check fails:\n"
    for offer in entry.offers:
        yield f"- `{offer.code}` → `{offer.kind}`: {offer.label}"


def _shared(catalogue: Catalogue) -> Iterator[str]:
    yield "## Offences\n"
    yield "| Code | Title | Article | Counts as |"
    yield "|---|---|---|---|"
    for offence in catalogue.offences.values():
        counts = "offence of the Convention" if offence.convention else "marker" if offence.marker else "other"
        asks = f", with {_list(offence.asks)}" if offence.asks else ""
        yield _row(f"`{offence.code}`", offence.title, _tagged(offence.article, offence.source_tag), counts + asks)
    yield "\n## All grounds of refusal\n"
    for ground in catalogue.all_grounds.values():
        yield f"- `{ground.code}` ({ground.citation}): {ground.label}{' No State may use it.' if ground.never else ''}"
    yield "\n## Closed lists"
    for name, rows in catalogue.lists.items():
        yield f"\n`{name}`: " + "; ".join(f"`{code}` {label}" for code, label in rows.items())


def _unchecked(catalogue: Catalogue) -> Iterator[str]:
    yield "## Unchecked citations\n"
    yield "A lawyer compares these with the official text; each is then marked `checked = true` in its file.\n"
    yield "| Citation | Tag | Where |"
    yield "|---|---|---|"
    found: dict[tuple[str, str], dict[str, None]] = {}
    for where, article, tag, checked in _citations(catalogue):
        if not checked:
            found.setdefault((article, tag), {})[where] = None
    for (article, tag), places in sorted(found.items(), key=lambda item: (_sort_key(item[0][0]), item[0][1])):
        yield _row(article, tag, ", ".join(places))


def _citations(catalogue: Catalogue) -> Iterator[tuple[str, str, str, bool]]:
    for entry in catalogue.entries.values():
        answers = [answer.citation for answer in entry.answers]
        for citation in (entry.citation, *answers, *(clock.citation for clock in entry.clocks)):
            yield entry.code, citation.article, citation.source_tag, citation.checked
        for field in (*entry.fields, *(field for answer in entry.answers for field in answer.fields)):
            if field.citation:
                yield entry.code, field.citation, field.source_tag or "D", False
    for offence in catalogue.offences.values():
        yield offence.code, offence.article, offence.source_tag, False
    for ground in catalogue.all_grounds.values():
        yield ground.code, ground.citation, "M", False


def _sort_key(article: str) -> tuple[int, str]:
    number = article.partition("(")[0].partition(",")[0]
    return (int(number) if number.isdigit() else 0, article)


if __name__ == "__main__":
    sys.stdout.write(catalogue_page(load()))
