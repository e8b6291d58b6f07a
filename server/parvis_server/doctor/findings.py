"""What the doctor can find, and how it says it in English and French. Pure.

Each finding is one line: a tick, or one sentence that says what to do. The table is the whole of
what the doctor knows; probes only fill in names and figures.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum


class Verdict(Enum):
    """How a finding is marked."""

    GOOD = "✓"
    HINT = "!"
    """It works, but somebody should know."""
    BAD = "✗"
    """Something does not work until somebody does what the line says."""


class Language(StrEnum):
    """What the doctor speaks."""

    EN = "en"
    FR = "fr"


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of finding."""

    verdict: Verdict
    en: str
    fr: str


GOOD, HINT, BAD = Verdict.GOOD, Verdict.HINT, Verdict.BAD


class Says(Enum):
    """Every finding."""

    # This machine

    FILES_ENOUGH = Words(
        GOOD,
        "{files} files may be open at once: enough for {listeners} listeners",
        "{files} fichiers peuvent être ouverts à la fois : assez pour {listeners} auditeurs",
    )
    FILES_FEW = Words(
        HINT,
        "only {files} files may be open at once, enough for {listeners} listeners; 9000 need "
        "{needed}: LimitNOFILE={needed} in the service, or ulimit -n {needed} before the start",
        "seuls {files} fichiers peuvent être ouverts à la fois, assez pour {listeners} auditeurs ; "
        "il en faut {needed} pour 9000 : LimitNOFILE={needed} dans le service, ou ulimit -n "
        "{needed} avant le démarrage",
    )
    PORT_FREE = Words(GOOD, "port {port} is free", "le port {port} est libre")
    PORT_OURS = Words(GOOD, "Parvis listens on port {port}", "Parvis écoute sur le port {port}")
    PORT_TAKEN = Words(
        HINT,
        "port {port} is taken by {holder}: end it, or start the hub with --port and another number",
        "le port {port} est pris par {holder} : arrêtez-le, ou démarrez le hub avec --port et un "
        "autre numéro",
    )

    # The way

    NAME_FOUND = Words(GOOD, "{host} is {addresses}", "{host} est {addresses}")
    NAME_UNKNOWN = Words(
        BAD,
        "no machine is called {host}: make a DNS entry (A, AAAA) for it, or check this network's "
        "DNS",
        "aucune machine ne s'appelle {host} : créez une entrée DNS (A, AAAA), ou vérifiez le DNS "
        "de ce réseau",
    )
    REACHED = Words(
        GOOD,
        "{address} port {port} answers after {ms} ms",
        "{address} port {port} répond après {ms} ms",
    )
    REFUSED = Words(
        BAD,
        "{address} is there, but nothing listens on port {port}: start Parvis there, and Caddy in "
        "front of it",
        "{address} est là, mais rien n'écoute sur le port {port} : démarrez-y Parvis, et Caddy "
        "devant lui",
    )
    SILENT = Words(
        BAD,
        "{address} does not answer on port {port}: open TCP {port} in its firewall, and check this "
        "network's internet",
        "{address} ne répond pas sur le port {port} : ouvrez TCP {port} dans son pare-feu, et "
        "vérifiez l'accès à internet de ce réseau",
    )
    UNREACHABLE = Words(
        BAD,
        "this network has no way to {address}: check its internet",
        "ce réseau n'a pas de chemin vers {address} : vérifiez son accès à internet",
    )
    PLAIN = Words(
        HINT,
        "{host} is spoken to without encryption: right on this machine or in a hall, nowhere else",
        "on parle à {host} sans chiffrement : bien sur cette machine ou dans une salle, nulle part "
        "ailleurs",
    )

    # TLS

    CERTIFICATE_GOOD = Words(
        GOOD,
        "its certificate is good until {day} ({days} days)",
        "son certificat est valable jusqu'au {day} ({days} jours)",
    )
    CERTIFICATE_SOON = Words(
        HINT,
        "its certificate ends in {days} days, on {day}, and was not renewed: look at Caddy's log",
        "son certificat se termine dans {days} jours, le {day}, et n'a pas été renouvelé : "
        "regardez le journal de Caddy",
    )
    CERTIFICATE_EXPIRED = Words(
        BAD,
        "its certificate has expired: renew it (Caddy does so by itself where port 80 or 443 is "
        "open to the internet)",
        "son certificat a expiré : renouvelez-le (Caddy le fait de lui-même si le port 80 ou 443 "
        "est ouvert vers internet)",
    )
    CERTIFICATE_NAME = Words(
        BAD,
        "its certificate is for another name than {host}: use the name that it is for",
        "son certificat est pour un autre nom que {host} : utilisez le nom qu'il porte",
    )
    CERTIFICATE_UNKNOWN = Words(
        BAD,
        "its certificate is signed by nobody whom this machine knows: for an authority of your "
        "own, say --publish-ca FILE",
        "son certificat n'est signé par personne que cette machine connaisse : pour votre propre "
        "autorité, indiquez --publish-ca FICHIER",
    )
    NO_TLS = Words(
        BAD,
        "port {port} does not speak TLS: put Caddy in front of it, or say http:// for a hub in the "
        "hall",
        "le port {port} ne parle pas TLS : placez Caddy devant, ou dites http:// pour un hub dans "
        "la salle",
    )
    CLOCK_WRONG = Words(
        BAD,
        "this machine's clock is {seconds} s {way}, which makes good certificates look bad: set it "
        "(timedatectl set-ntp true)",
        "l'horloge de cette machine a {seconds} s {way}, ce qui rend mauvais de bons certificats : "
        "réglez-la (timedatectl set-ntp true)",
    )
    CLOCK_OFF = Words(
        HINT,
        "this machine's clock is {seconds} s {way}: set it (timedatectl set-ntp true), the times "
        "of the recording and the log come from it",
        "l'horloge de cette machine a {seconds} s {way} : réglez-la (timedatectl set-ntp true), "
        "les heures de l'enregistrement et du journal en viennent",
    )
    CLOCK_GOOD = Words(
        GOOD,
        "both clocks agree within {seconds} s",
        "les deux horloges s'accordent à {seconds} s près",
    )

    # What answers

    PARVIS_ANSWERS = Words(GOOD, "Parvis answers (HTTP {status})", "Parvis répond (HTTP {status})")
    PARVIS_ILL = Words(
        BAD,
        "Parvis answers, but is not well: {why}",
        "Parvis répond, mais ne va pas bien : {why}",
    )
    OTHER_ANSWERS = Words(
        BAD,
        "something answers there (HTTP {status}), but not Parvis: check that the proxy leads to "
        "it, and passes the name on",
        "quelque chose répond là (HTTP {status}), mais pas Parvis : vérifiez que le proxy y mène, "
        "et transmet le nom",
    )
    NO_HTTP = Words(
        BAD,
        "what listens on port {port} speaks no HTTP: check which program that is",
        "ce qui écoute sur le port {port} ne parle pas HTTP : vérifiez quel programme c'est",
    )
    SOCKET_OPENS = Words(GOOD, "a WebSocket opens at {path}", "un WebSocket s'ouvre sur {path}")
    SOCKET_SWALLOWED = Words(
        BAD,
        "the WebSocket at {path} is refused on the way (HTTP {status}): let the proxy pass "
        "upgrades on",
        "le WebSocket sur {path} est refusé en chemin (HTTP {status}) : que le proxy transmette "
        "les « upgrades »",
    )
    SOCKET_SILENT = Words(
        BAD,
        "the WebSocket at {path} gets no answer: something on the way holds it back",
        "le WebSocket sur {path} ne reçoit pas de réponse : quelque chose le retient en chemin",
    )

    # Bus and link

    BUS_GOOD = Words(GOOD, "the bus lets this hub in", "le bus laisse entrer ce hub")
    BUS_REFUSES = Words(
        BAD,
        "the bus does not know this address: copy the one that parvis edge --public prints now",
        "le bus ne connaît pas cette adresse : copiez celle que parvis edge --public affiche "
        "maintenant",
    )
    BUS_MUTE = Words(
        BAD,
        "what answers at {path} is no bus: let the proxy pass it to the edge's NATS (see the "
        "Caddyfile in deploy/)",
        "ce qui répond sur {path} n'est pas un bus : que le proxy le transmette au NATS de l'edge "
        "(voir le Caddyfile dans deploy/)",
    )
    LINK_GOOD = Words(
        GOOD,
        "the link carries sound both ways, on both connections ({ms} ms there and back)",
        "la liaison porte le son dans les deux sens, sur les deux connexions ({ms} ms aller et "
        "retour)",
    )
    LINK_TAKEN = Words(
        GOOD,
        "the edge knows this address, and a hub publishes there now",
        "l'edge connaît cette adresse, et un hub y publie en ce moment",
    )
    LINK_REFUSES = Words(
        BAD,
        "the edge does not know this address: copy the one that parvis edge --public prints now",
        "l'edge ne connaît pas cette adresse : copiez celle que parvis edge --public affiche "
        "maintenant",
    )
    LINK_VERSION = Words(
        BAD,
        "the edge runs another version of Parvis: bring both to the same",
        "l'edge a une autre version de Parvis : mettez les deux à la même",
    )
    LINK_ONE_WAY = Words(
        BAD,
        "the link opens, but what is sent does not come back: something on the way holds messages "
        "back; switch its inspection off for this name",
        "la liaison s'ouvre, mais ce qui est envoyé ne revient pas : quelque chose retient les "
        "messages en chemin ; désactivez son inspection pour ce nom",
    )
    VENUE_SEEN = Words(GOOD, "the edge sees the hub in the venue", "l'edge voit le hub de la salle")
    VENUE_AWAY = Words(
        HINT,
        "the edge sees no hub: start it in the venue with parvis hub --publish",
        "l'edge ne voit pas de hub : démarrez-le dans la salle avec parvis hub --publish",
    )


WAYS = {
    True: {Language.EN: "fast", Language.FR: "d'avance"},
    False: {Language.EN: "slow", Language.FR: "de retard"},
}
"""Of a clock."""

ENDS = {
    Language.EN: ("All is well.", "One of {all} checks failed.", "{bad} of {all} checks failed."),
    Language.FR: (
        "Tout va bien.",
        "1 vérification sur {all} a échoué.",
        "{bad} vérifications sur {all} ont échoué.",
    ),
}
"""With no, one, more failures."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    says: Says
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """How it is marked."""
        return self.says.value.verdict

    def line(self, language: Language) -> str:
        """The line, as it is printed."""
        words: str = getattr(self.says.value, language.value)
        facts = dict(self.facts)
        if "fast" in facts:
            facts["way"] = WAYS[bool(facts["fast"])][language]
        return f"{self.verdict.value} {words.format(**facts)}"


def found(says: Says, **facts: object) -> Finding:
    """A finding with what belongs into its line."""
    return Finding(says, facts)


def conclusion(findings: Iterable[Finding], language: Language) -> str:
    """The last line."""
    marks = [one.verdict for one in findings]
    bad = marks.count(Verdict.BAD)
    return ENDS[language][min(bad, 2)].format(bad=bad, all=len(marks))


def exit_code(findings: Iterable[Finding]) -> int:
    """1 as soon as one thing does not work; hints change nothing."""
    return int(any(one.verdict is Verdict.BAD for one in findings))


def language_of(asked: str | None, environment: Mapping[str, str]) -> Language:
    """``--language``, or else what the environment speaks (POSIX: LC_ALL, LC_MESSAGES, LANG)."""
    names = (environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    spoken = asked or next((name for name in names if name), "")
    return Language.FR if spoken.lower().startswith("fr") else Language.EN
