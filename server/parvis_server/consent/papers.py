"""The papers that the law asks of whoever records rooms, made from the settings of the hub.

A notice for the people concerned (articles 13 and 14 of the GDPR), an entry for the register of
processing (30) and a sheet for the impact assessment (35), in French and English. The organiser is
the controller; what the program cannot know stands in brackets.
"""

from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Literal

from parvis_server.config import HubSettings, RecordingSettings
from parvis_server.consent.notices import OWN_TEXTS, Texts
from parvis_server.errors import UsageError
from parvis_server.replay.opened import RECORDINGS
from parvis_wire.recording import DEFAULT_RETENTION_DAYS

TEMPLATES = Path(__file__).parent / "papers"

Language = Literal["fr", "en"]

_NOBODY = "{name}: say in the hub's settings {what}, under [recording]"

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "database": "in the file parvis.db of $data",
        "server": "in a database server of the organiser's",
        "encrypted": "encryption on the way (TLS) for those who use the https address",
        "plain": "no encryption on the way: the settings have switched https off",
        "edge": "; a public edge, where the organiser has put it, passes the sound on",
        "representative": "**Representative in the European Union.** $name.\n",
        "no_representative": "none named: the controller is established in the Union",
        "twice": ", and a second time, once it is over, in the store $url, run by $processor",
        "processor": "; as a processor (article 28), $processor, who runs the store $url",
        "abroad": "; of the store, none if it is in the Union, "
        "else [the safeguard of articles 45 to 49]",
        "somebody": "[name and country of who runs it]",
        "second": " Once it is over, the recording is kept a second time in the store $url, run by "
        "$processor; what is erased here is erased there.",
    },
    "fr": {
        "database": "dans le fichier parvis.db de $data",
        "server": "dans un serveur de bases de données de l'organisateur",
        "encrypted": "chiffrement des échanges (TLS) pour qui utilise l'adresse https",
        "plain": "pas de chiffrement des échanges : les réglages ont coupé https",
        "edge": " ; un relais public, là où l'organisateur l'a mis, transmet le son",
        "representative": "**Représentant dans l'Union européenne.** $name.\n",
        "no_representative": "aucun nommé : le responsable est établi dans l'Union",
        "twice": ", et une seconde fois, dès la fin, dans le stockage $url, tenu par $processor",
        "processor": " ; comme sous-traitant (article 28), $processor, qui tient le stockage $url",
        "abroad": " ; du stockage, aucun s'il est dans l'Union, "
        "sinon [la garantie des articles 45 à 49]",
        "somebody": "[nom et pays de qui le tient]",
        "second": " Dès sa fin, l'enregistrement est gardé une seconde fois dans le stockage $url, "
        "tenu par $processor ; ce qui est effacé ici l'est aussi là-bas.",
    },
}


class Paper(StrEnum):
    """One of them."""

    NOTICE = "notice"
    REGISTER = "register"
    IMPACT = "impact"


def paper(which: Paper, language: Language, settings: HubSettings) -> str:
    """One paper in one language, as Markdown.

    Raises:
        UsageError: the settings do not say who answers for the recordings, or whom to write to.
    """
    template = (TEMPLATES / f"{which}.{language}.md").read_text(encoding="utf-8")
    return Template(template).substitute(_facts(language, settings))


def _facts(language: Language, settings: HubSettings) -> dict[str, str]:
    recording, say = settings.recording, _WORDS[language]
    if recording.controller is None:
        raise UsageError(_NOBODY.format(name="controller", what="who answers for the recordings"))
    if recording.contact is None:
        raise UsageError(_NOBODY.format(name="contact", what="whom people write to about them"))
    texts = Texts.read((recording.texts or OWN_TEXTS) / f"{language}.toml")
    named = recording.representative
    paragraph = "" if named is None else Template(say["representative"]).substitute(name=named)
    kept = say["database"] if settings.store.url is None else say["server"]
    network = settings.network
    has_https = network.tls_port is not None or bool(network.behind_proxy)
    return {
        "controller": recording.controller.rstrip("."),
        "contact": recording.contact.rstrip("."),
        "representative": paragraph,
        "representative_name": named or say["no_representative"],
        "purpose": texts.purpose,
        "days": texts.days.format(n=DEFAULT_RETENTION_DAYS),
        "store": Template(kept).substitute(data=settings.data),
        "recordings": str(recording.folder or settings.data / RECORDINGS),
        **_of_the_store(recording, say),
        "encryption": say["encrypted"] if has_https else say["plain"],
        "edge": "" if settings.publish is None else say["edge"],
    }


def _of_the_store(recording: RecordingSettings, say: dict[str, str]) -> dict[str, str]:
    """Who receives every recording for the organiser, where there is a second place for them."""
    names = ("twice", "processor", "abroad", "second")
    if recording.storage is None:
        return dict.fromkeys(names, "")
    who = (recording.storage_processor or say["somebody"]).rstrip(".")
    told = {"url": recording.storage, "processor": who}
    return {name: Template(say[name]).substitute(told) for name in names}
