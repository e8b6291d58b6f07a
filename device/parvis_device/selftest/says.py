"""Every sentence that the self-test can end a check with, in English and French. Pure."""

from dataclasses import dataclass
from enum import Enum

from parvis_device.selftest.checks import Check, Verdict


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of finding."""

    check: Check
    verdict: Verdict
    en: str
    fr: str


GOOD, HINT, BAD = Verdict.GOOD, Verdict.HINT, Verdict.BAD
NOT_ASKED, ABSENT = Verdict.NOT_ASKED, Verdict.ABSENT


class Says(Enum):
    """Every finding."""

    PRESSES_SEEN = Words(
        Check.BUTTON,
        GOOD,
        "three presses, each seen once",
        "trois appuis, chacun vu une fois",
    )
    PRESSES_MISSED = Words(
        Check.BUTTON,
        BAD,
        "{seen} of three presses seen: check its cable, and that the plunger comes back",
        "{seen} appui(s) vu(s) sur trois : vérifiez son câble, et que le poussoir remonte",
    )
    PRESSES_TOO_MANY = Words(
        Check.BUTTON,
        BAD,
        "{seen} presses seen for three: a loose contact; check solder and plugs",
        "{seen} appuis vus pour trois : un faux contact ; vérifiez soudures et fiches",
    )
    BUTTON_DOWN = Words(
        Check.BUTTON,
        BAD,
        "down though nobody presses: stuck, or its wires touch",
        "enfoncé sans que personne appuie : coincé, ou ses fils se touchent",
    )
    BUTTON_FAILED = Words(
        Check.BUTTON,
        BAD,
        "cannot be read ({why})",
        "illisible ({why})",
    )
    BUTTON_NOT_ASKED = Words(
        Check.BUTTON,
        NOT_ASKED,
        "it can be read; nobody was asked to press",
        "il est lisible ; personne n'a été invité à appuyer",
    )
    NO_BUTTON = Words(Check.BUTTON, ABSENT, "none, by the settings", "aucun, d'après les réglages")

    LIGHTS_SEEN = Words(
        Check.LIGHT,
        GOOD,
        "all {count} signals shown, and seen",
        "les {count} signaux montrés, et vus",
    )
    LIGHTS_WRONG = Words(
        Check.LIGHT,
        BAD,
        "not as it should be: check the cable of the lamp or ring that was wrong, and ring_chip",
        "pas comme prévu : vérifiez le câble de la lampe ou de l'anneau en cause, et ring_chip",
    )
    LIGHT_FAILED = Words(
        Check.LIGHT,
        BAD,
        "cannot be lit ({why})",
        "ne s'allume pas ({why})",
    )
    LIGHTS_NOT_ASKED = Words(
        Check.LIGHT,
        NOT_ASKED,
        "{count} signals sent, without red; nobody was asked what they saw",
        "{count} signaux envoyés, sans le rouge ; personne n'a été invité à regarder",
    )
    NO_LIGHT = Words(Check.LIGHT, ABSENT, "none, by the settings", "aucune, d'après les réglages")

    VOICE_GOOD = Words(
        Check.MICROPHONE,
        GOOD,
        "{name}: voice peaks at {peak} dBFS, room {floor} dBFS",
        "{name} : la voix culmine à {peak} dBFS, salle {floor} dBFS",
    )
    VOICE_QUIET = Words(
        Check.MICROPHONE,
        HINT,
        "{name}: the voice peaks at {peak} dBFS, room {floor}: near -24 is right; raise the "
        "microphone's gain (alsamixer), or speak nearer",
        "{name} : la voix culmine à {peak} dBFS, salle {floor} : il faut environ -24 ; montez le "
        "gain du micro (alsamixer), ou parlez plus près",
    )
    VOICE_LOUD = Words(
        Check.MICROPHONE,
        HINT,
        "{name}: the voice peaks at {peak} dBFS, room {floor}: a loud one will distort; lower the "
        "microphone's gain (alsamixer)",
        "{name} : la voix culmine à {peak} dBFS, salle {floor} : une voix forte saturera ; baissez "
        "le gain du micro (alsamixer)",
    )
    VOICE_CLIPS = Words(
        Check.MICROPHONE,
        BAD,
        "{name}: the voice distorts (peaks at full scale): lower the microphone's gain (alsamixer)",
        "{name} : la voix sature (crêtes au maximum) : baissez le gain du micro (alsamixer)",
    )
    VOICE_LOST = Words(
        Check.MICROPHONE,
        BAD,
        "{name}: no voice above the room's {floor} dBFS: is this the right microphone, and is it "
        "switched on?",
        "{name} : aucune voix au-dessus de la salle, {floor} dBFS : est-ce le bon micro, est-il "
        "allumé ?",
    )
    NOISY = Words(
        Check.MICROPHONE,
        HINT,
        "{name}: the room alone gives {floor} dBFS: hum, wind, or too much gain",
        "{name} : la salle seule donne {floor} dBFS : ronflement, souffle, ou trop de gain",
    )
    VERY_NOISY = Words(
        Check.MICROPHONE,
        BAD,
        "{name}: the room alone gives {floor} dBFS, as loud as a voice: check cable, gain and "
        "input",
        "{name} : la salle seule donne {floor} dBFS, autant qu'une voix : vérifiez câble, gain et "
        "entrée",
    )
    VOICE_NOT_ASKED = Words(
        Check.MICROPHONE,
        NOT_ASKED,
        "{name}: room {floor} dBFS; nobody was asked to speak",
        "{name} : salle {floor} dBFS ; personne n'a été invité à parler",
    )
    SILENT = Words(
        Check.MICROPHONE,
        BAD,
        "{name}: nothing but zeros: muted at its own switch, or its capture is off (alsamixer)",
        "{name} : rien que des zéros : coupé par son interrupteur, ou capture fermée (alsamixer)",
    )
    MICROPHONE_UNPLUGGED = Words(
        Check.MICROPHONE,
        BAD,
        "none is plugged in",
        "aucun n'est branché",
    )
    MICROPHONE_UNKNOWN = Words(
        Check.MICROPHONE,
        BAD,
        "there is no {wanted}; there are: {found}",
        "il n'y a pas de {wanted} ; il y a : {found}",
    )
    MICROPHONE_FAILED = Words(
        Check.MICROPHONE,
        BAD,
        "cannot be heard: does another program use it? ({why})",
        "inaudible : un autre programme l'utilise-t-il ? ({why})",
    )
    NO_MICROPHONE = Words(
        Check.MICROPHONE, ABSENT, "none, by the settings", "aucun, d'après les réglages"
    )

    CAPTURE_GOOD = Words(
        Check.CAPTURE,
        GOOD,
        "no error in {seconds} s; longest pause {pause} ms",
        "aucune erreur en {seconds} s ; plus longue pause {pause} ms",
    )
    CAPTURE_ERRORS = Words(
        Check.CAPTURE,
        HINT,
        "{errors} error(s) in {seconds} s; longest pause {pause} ms: another USB socket, without a "
        "hub between",
        "{errors} erreur(s) en {seconds} s ; plus longue pause {pause} ms : une autre prise USB, "
        "sans concentrateur",
    )
    CAPTURE_BROKEN = Words(
        Check.CAPTURE,
        BAD,
        "{errors} errors in {seconds} s; longest pause {pause} ms: another USB socket, a better "
        "supply, or another microphone",
        "{errors} erreurs en {seconds} s ; plus longue pause {pause} ms : une autre prise USB, une "
        "meilleure alimentation, ou un autre micro",
    )
    CAPTURE_LOST = Words(
        Check.CAPTURE,
        BAD,
        "the microphone went away {losses} time(s) in {seconds} s: a loose plug, or too weak a "
        "supply",
        "le micro a disparu {losses} fois en {seconds} s : une fiche lâche, ou une alimentation "
        "trop faible",
    )
    NO_CAPTURE = Words(Check.CAPTURE, ABSENT, "no sound to count", "aucun son à compter")

    CLOCK_GOOD = Words(
        Check.CLOCK,
        GOOD,
        "the sound card runs {ppm} ppm (± {sigma}) against the system clock",
        "la carte son va à {ppm} ppm (± {sigma}) de l'horloge du système",
    )
    CLOCK_OFF = Words(
        Check.CLOCK,
        HINT,
        "the sound card runs {ppm} ppm (± {sigma}) against the system clock: a poor crystal, "
        "which the hub follows",
        "la carte son va à {ppm} ppm (± {sigma}) de l'horloge du système : un quartz médiocre, "
        "que le serveur suit",
    )
    CLOCK_WRONG = Words(
        Check.CLOCK,
        BAD,
        "the sound card runs {ppm} ppm (± {sigma}) against the system clock: sound is being lost, "
        "or the rate is wrong",
        "la carte son va à {ppm} ppm (± {sigma}) de l'horloge du système : du son se perd, ou la "
        "fréquence est fausse",
    )
    CLOCK_UNSURE = Words(
        Check.CLOCK,
        HINT,
        "not to be told in {seconds} s (± {sigma} ppm): a minute is enough",
        "impossible à dire en {seconds} s (± {sigma} ppm) : une minute suffit",
    )
    NO_CLOCK = Words(Check.CLOCK, ABSENT, "no sound card", "pas de carte son")

    MUTE_SEEN = Words(
        Check.MUTE,
        GOOD,
        "seen in both positions; level {open} dBFS open, {muted} dBFS muted",
        "vue dans les deux positions ; niveau {open} dBFS ouvert, {muted} dBFS coupé",
    )
    MUTE_UNSEEN = Words(
        Check.MUTE,
        HINT,
        "always {position}: no switch here, or its cable is off",
        "toujours {position} : pas d'interrupteur ici, ou son câble est débranché",
    )
    MUTE_FAILED = Words(
        Check.MUTE,
        BAD,
        "cannot be read ({why})",
        "illisible ({why})",
    )
    MUTE_NOT_ASKED = Words(
        Check.MUTE,
        NOT_ASKED,
        "{position} now; nobody was asked to switch it",
        "{position} pour l'instant ; personne n'a été invité à la basculer",
    )
    NO_MUTE = Words(
        Check.MUTE,
        ABSENT,
        "no pins, so no mute switch",
        "pas de broches, donc pas d'interrupteur",
    )

    POWER_GOOD = Words(
        Check.POWER,
        GOOD,
        "never throttled since it was started",
        "jamais bridé depuis le démarrage",
    )
    POWER_WAS_LOW = Words(
        Check.POWER,
        HINT,
        "since it was started: {troubles}; a better supply or cooler",
        "depuis le démarrage : {troubles} ; meilleure alimentation ou meilleur refroidissement",
    )
    POWER_LOW = Words(
        Check.POWER,
        BAD,
        "now: {troubles}; use the supply of the parts list, or cool it",
        "en ce moment : {troubles} ; utilisez l'alimentation de la liste, ou refroidissez",
    )
    POWER_UNKNOWN = Words(
        Check.POWER,
        HINT,
        "vcgencmd does not answer: install raspi-utils, join the group video",
        "vcgencmd ne répond pas : installez raspi-utils, rejoignez le groupe video",
    )
    NO_RASPBERRY = Words(Check.POWER, ABSENT, "not a Raspberry Pi", "ce n'est pas un Raspberry Pi")

    DISK_GOOD = Words(Check.DISK, GOOD, "{free} MB free", "{free} Mo libres")
    DISK_LITTLE = Words(
        Check.DISK,
        HINT,
        "only {free} MB free: an update needs {wanted}",
        "seulement {free} Mo libres : une mise à jour en demande {wanted}",
    )
    DISK_FULL = Words(
        Check.DISK,
        BAD,
        "full ({free} MB free): take away what is not Parvis's, or use a larger card",
        "plein ({free} Mo libres) : retirez ce qui n'est pas à Parvis, ou prenez une plus grande "
        "carte",
    )
    DISK_UNWRITABLE = Words(
        Check.DISK,
        BAD,
        "nothing can be written to {folder} ({why})",
        "rien ne peut s'écrire dans {folder} ({why})",
    )

    HUB_REACHED = Words(
        Check.NETWORK,
        GOOD,
        "the hub at {hub} answers after {ms} ms",
        "le serveur {hub} répond après {ms} ms",
    )
    NO_NETWORK = Words(
        Check.NETWORK,
        BAD,
        "no network: plug the cable in, or join a Wi-Fi",
        "pas de réseau : branchez le câble, ou rejoignez un Wi-Fi",
    )
    NO_HUB_YET = Words(
        Check.NETWORK,
        HINT,
        "network: yes ({addresses}); no hub announces itself here, and this unit was not paired",
        "réseau : oui ({addresses}) ; aucun serveur ne s'annonce ici, et la borne n'est pas "
        "appairée",
    )
    NO_HUB = Words(
        Check.NETWORK,
        BAD,
        "network: yes ({addresses}); its hub does not announce itself: is it on, and on the same "
        "network?",
        "réseau : oui ({addresses}) ; son serveur ne s'annonce pas : est-il allumé, et sur le même "
        "réseau ?",
    )
    HUB_SILENT = Words(
        Check.NETWORK,
        BAD,
        "the hub at {hub} does not answer: is it on?",
        "le serveur {hub} ne répond pas : est-il allumé ?",
    )
    HUB_WRONG = Words(
        Check.NETWORK,
        BAD,
        "{hub} is no hub, or the name is wrong: check `hub` in the settings",
        "{hub} n'est pas un serveur, ou le nom est faux : vérifiez `hub` dans les réglages",
    )
    HUB_REFUSES = Words(
        Check.NETWORK,
        BAD,
        "the hub at {hub} does not let this unit in",
        "le serveur {hub} refuse cette borne",
    )
