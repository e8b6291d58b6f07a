"""The page as HTML, from what is known now. Pure; without a script, and every word escaped.

One column that a thumb goes through, the button at its end; the list of networks is a group of
radio buttons, which keyboards and screen readers know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from parvis_device.link_state import LinkState
from parvis_device.provisioning.networks import JoinTrouble, Seen
from parvis_device.provisioning.page.words import LANGUAGES, NAMES, WORDS

OTHER = "-other"
"""Value of the radio button for a network that is typed; no name that was seen is sent bare."""

STRONG_PERCENT, MEDIUM_PERCENT = 66, 33


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows."""

    unit: str
    """The fingerprint, spelled."""
    token: str = field(repr=False)
    """Proves that a form came from this page."""
    networks: Sequence[Seen] = ()
    site: str | None = None
    has_code: bool = True
    trouble: JoinTrouble | None = None
    tried: str = ""
    """The network that was not joined."""
    mistake: str = ""
    """Of the card's file."""
    online: bool = False
    hubs: Sequence[str] = ()
    link: LinkState | None = None
    """How the unit stands with its hub; None: it does not look for one yet."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Entered:
    """What stood in a form that cannot be taken yet; never the password."""

    error: str = ""
    """Key of the sentence."""
    network: str = ""
    other: str = ""
    hub: str = ""
    name: str = ""


def main_page(view: View, language: str, entered: Entered | None = None) -> str:
    """The form."""
    words = WORDS[language]
    entered = entered or Entered(name=view.name, network=view.tried)
    parts = [
        _alert(view, words, entered),
        _cable(view, language, words),
        f'<form method="post" action="/join?l={language}">',
        _token(view),
        _choices(view, words, entered),
        _field("password", words["password"], words["password_help"], most=64),
        f"<details{' open' if entered.error in ('bad_hub', 'bad_name') else ''}>"
        f"<summary>{words['more']}</summary>",
        _field("hub", words["hub"], words["hub_help"], entered.hub, most=200, kind="url"),
        _field("name", words["name"], "", entered.name, most=40),
        "</details>",
        f"<button>{words['join']}</button></form>",
        _pairing(view, words),
    ]
    return _whole(language, words["title"], view, "".join(parts), links=True)


def joining_page(view: View, language: str, name: str) -> str:
    """What to look for now that this Wi-Fi closes."""
    words = WORDS[language]
    said = [words["joining_closes"], words["joining_well"], words["joining_wrong"]]
    text = "".join(f"<p>{line}</p>" for line in said)
    return _whole(
        language, words["joining"].format(name=_e(name)), view, text + _pairing(view, words)
    )


def finishing_page(view: View, language: str) -> str:
    """The unit's own program begins."""
    words = WORDS[language]
    text = f"<p>{words['joining_closes']}</p>{_pairing(view, words)}"
    return _whole(language, words["finishing"], view, text)


def refusal_page(view: View, language: str, key: str) -> str:
    """One sentence, and the way back."""
    words = WORDS[language]
    text = f'<p>{words[key]}</p><p><a href="/?l={language}">{words["again"]}</a></p>'
    return _whole(language, words["title"], view, text)


def _e(text: str) -> str:
    return escape(text, quote=True)


def _whole(language: str, title: str, view: View, body: str, *, links: bool = False) -> str:
    words = WORDS[language]
    others = "".join(
        f'<a href="/?l={other}" hreflang="{other}" lang="{other}">{NAMES[other]}</a>'
        for other in LANGUAGES
        if other != language and links
    )
    nav = f'<nav aria-label="{words["language"]}">{others}</nav>' if others else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · Parvis</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"></head><body>'
        f"<header><p>Parvis</p>{nav}</header><main><h1>{title}</h1>"
        f'<p class="unit">{words["of"]} <code>{_e(view.unit)}</code></p>{body}</main></body></html>'
    )


def _alert(view: View, words: Mapping[str, str], entered: Entered) -> str:
    said = []
    if entered.error:
        told = words[entered.error].format(name=_e(entered.other or entered.network))
        said.append(f"{words['error']} {told}")
    elif view.trouble is not None:
        said.append(words[view.trouble].format(name=_e(view.tried)))
    if view.mistake:
        said.append(f'{words["mistake"]} <span lang="en">{_e(view.mistake)}</span>')
    text = "".join(f"<p>{line}</p>" for line in said)
    return f'<div role="alert" class="alert">{text}</div>' if text else ""


def _cable(view: View, language: str, words: Mapping[str, str]) -> str:
    if not view.online:
        return ""
    found = "".join(f"<li>{_e(hub)}</li>" for hub in view.hubs)
    hubs = f"<p>{words['hubs']}</p><ul>{found}</ul>" if found else ""
    state = "" if view.link is None else words[f"link_{view.link.value}"]
    return (
        f'<section class="card"><h2>{words["cable"]}</h2>{hubs}'
        f'<p role="status">{state}</p><p><a href="/?l={language}">{words["look_again"]}</a></p>'
        f'<form method="post" action="/finish?l={language}">{_token(view)}'
        f"<button>{words['go_on']}</button></form></section>"
    )


def _token(view: View) -> str:
    return f'<input type="hidden" name="token" value="{_e(view.token)}">'


def _choices(view: View, words: Mapping[str, str], entered: Entered) -> str:
    rows = [_choice(seen, words, entered, place) for place, seen in enumerate(view.networks)]
    if not rows:
        rows.append(f"<p>{words['none_seen']}</p>")
    names = {seen.name for seen in view.networks}
    typed = entered.network == OTHER or bool(entered.network and entered.network not in names)
    name = entered.other or (entered.network if typed and entered.network != OTHER else "")
    checked = " checked" if typed or not view.networks else ""
    rows.append(
        '<div class="choice"><input type="radio" name="network" id="other" '
        f'value="{OTHER}"{checked}>'
        f'<label for="other">{words["other"]}</label></div>'
    )
    rows.append(_field("other_name", words["other_name"], "", name, most=32))
    return f"<fieldset><legend>{words['networks']}</legend>{''.join(rows)}</fieldset>"


def _choice(seen: Seen, words: Mapping[str, str], entered: Entered, place: int) -> str:
    percent = seen.strength_percent
    strength = "strong" if percent >= STRONG_PERCENT else "medium"
    notes = [words[strength if percent >= MEDIUM_PERCENT else "weak"]]
    if seen.enterprise:
        notes.append(words["enterprise"])
    elif not seen.secured:
        notes.append(words["open"])
    state = " checked" if seen.name == entered.network else ""
    state += " disabled" if seen.enterprise else ""
    return (
        f'<div class="choice"><input type="radio" name="network" id="n{place}" '
        f'value="={_e(seen.name)}"{state}><label for="n{place}"><bdi>{_e(seen.name)}</bdi> '
        f"<small>{', '.join(notes)}</small></label></div>"
    )


def _field(
    name: str, label: str, help_text: str, value: str = "", *, most: int, kind: str = "text"
) -> str:
    described = f' aria-describedby="{name}-help"' if help_text else ""
    text = f'<p class="help" id="{name}-help">{help_text}</p>' if help_text else ""
    mode = ' inputmode="url"' if kind == "url" else ""
    return (
        f'<div class="field"><label for="{name}">{label}</label>'
        f'<input id="{name}" name="{name}" type="text"{mode} maxlength="{most}" '
        'autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" '
        f'value="{_e(value)}"{described}>'
        f"{text}</div>"
    )


def _pairing(view: View, words: Mapping[str, str]) -> str:
    if view.site is not None:
        text = f"<p>{words['paired'].format(site=f'<code>{_e(view.site)}</code>')}</p>"
    else:
        ways = ("step_code", "step_press") if view.has_code else ("step_hold",)
        unit = f"<code>{_e(view.unit)}</code>"
        steps = [words["step_page"].format(unit=unit), *(words[way] for way in ways)]
        listed = "".join(f"<li>{step}</li>" for step in steps)
        text = f"<p>{words['unpaired']}</p><ol>{listed}</ol>"
    return f"<section><h2>{words['pairing']}</h2>{text}</section>"
