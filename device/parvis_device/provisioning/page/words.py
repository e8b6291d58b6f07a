"""Every sentence of the page, in French and English. Pure."""

from collections.abc import Mapping

from parvis_device.provisioning.networks import JoinTrouble

LANGUAGES = ("en", "fr")

NAMES: Mapping[str, str] = {"en": "English", "fr": "Français"}

EN: Mapping[str, str] = {
    "title": "Set up this unit",
    "of": "Unit",
    "mistake": "The file parvis.toml on its card was not taken.",
    "networks": "Which network is the unit to join?",
    "strong": "strong",
    "medium": "medium",
    "weak": "weak",
    "open": "no password",
    "enterprise": "asks for a user name, which a unit has not",
    "none_seen": "No network was seen. Type its name.",
    "other": "Another one, or a hidden one",
    "other_name": "Its name",
    "password": "Password of that network",
    "password_help": "Shown as you type, so that you can check it. Leave it empty for a network "
    "without one.",
    "more": "Hub and name (usually nothing to do)",
    "hub": "Address of the hub",
    "hub_help": "Empty: the unit finds the hub by itself.",
    "name": "What this table is called",
    "join": "Join",
    "joining": "The unit is joining {name} now",
    "joining_closes": "This Wi-Fi closes: your phone leaves it by itself.",
    "joining_well": "If all is well, the unit's light blinks white within a minute, and then as "
    "it is told below.",
    "joining_wrong": "If not, its light turns green and white again. Join its Wi-Fi once more: "
    "this page says what was wrong.",
    "finishing": "The unit starts now",
    "cable": "The unit has a network already.",
    "hubs": "Hubs in it:",
    "link_connecting": "It looks for the hub.",
    "link_lost": "No hub answers yet; it is tried again.",
    "link_wrong_address": "What answers at the hub's address is not the hub that this unit may "
    "trust. Look at the address.",
    "link_not_allowed": "The hub does not let this unit in.",
    "link_unpaired": "The hub is found, and does not know this unit yet: follow the steps below.",
    "link_press_to_pair": "Press the unit's button now; three seconds, if it has no label.",
    "link_joined": "The hub has let this unit in.",
    "look_again": "Look again",
    "go_on": "Go on with it",
    "pairing": "Then: pair it with the hub",
    "paired": "This unit belongs to the site {site}. It goes there by itself; nothing is to be "
    "pressed.",
    "unpaired": "This unit belongs to nobody yet. Its light shows a short white blink every "
    "three seconds while it waits.",
    "step_page": "On the operator's page of the hub, find the unit {unit}.",
    "step_code": "There, take the setup code of the label underneath: eight letters and digits.",
    "step_press": "When its light blinks green and white, two short and one long: press its "
    "button.",
    "step_hold": "There, accept it without a label. When its light blinks green and white, two "
    "short and one long: hold its button for three seconds.",
    "error": "Not yet:",
    "need_network": "Choose a network, or type a name of 1 to 32 letters.",
    "need_password": "The password of {name} has 8 to 63 letters, digits and signs.",
    "bad_hub": "The hub's address is like http://192.168.1.20:8080, or empty.",
    "bad_name": "The name of a table has at most 40 letters.",
    "again": "Back",
    "refused": "This was not sent by the unit's own page. Load the page anew.",
    "lost": "There is nothing here.",
    "language": "Language",
    JoinTrouble.WRONG_PASSWORD: "The password of {name} was wrong. Type it again.",
    JoinTrouble.NOT_FOUND: "{name} was not found. Is it near, and is its name right?",
    JoinTrouble.NO_ADDRESS: "{name} let the unit in, and gave it no address. Is its router on?",
    JoinTrouble.FAILED: "{name} could not be joined. Try again, or another network.",
}

FR: Mapping[str, str] = {
    "title": "Installer cette borne",
    "of": "Borne",
    "mistake": "Le fichier parvis.toml de sa carte n'a pas été pris.",
    "networks": "Quel réseau la borne doit-elle rejoindre ?",
    "strong": "fort",
    "medium": "moyen",
    "weak": "faible",
    "open": "sans mot de passe",
    "enterprise": "demande un nom d'utilisateur, qu'une borne n'a pas",
    "none_seen": "Aucun réseau n'a été vu. Écrivez son nom.",
    "other": "Un autre, ou un réseau caché",
    "other_name": "Son nom",
    "password": "Mot de passe de ce réseau",
    "password_help": "Il s'affiche, pour que vous puissiez le relire. Laissez vide pour un réseau "
    "qui n'en a pas.",
    "more": "Serveur et nom (le plus souvent rien à faire)",
    "hub": "Adresse du serveur",
    "hub_help": "Vide : la borne trouve le serveur elle-même.",
    "name": "Comment s'appelle cette table",
    "join": "Rejoindre",
    "joining": "La borne rejoint maintenant {name}",
    "joining_closes": "Ce Wi-Fi se ferme : votre téléphone le quitte de lui-même.",
    "joining_well": "Si tout va bien, la lumière de la borne clignote en blanc dans la minute, "
    "puis comme il est dit plus bas.",
    "joining_wrong": "Sinon, sa lumière repasse au vert et blanc. Rejoignez encore son Wi-Fi : "
    "cette page dira ce qui n'allait pas.",
    "finishing": "La borne démarre maintenant",
    "cable": "La borne a déjà un réseau.",
    "hubs": "Serveurs qui s'y trouvent :",
    "link_connecting": "Elle cherche le serveur.",
    "link_lost": "Aucun serveur ne répond encore ; elle réessaie.",
    "link_wrong_address": "Ce qui répond à l'adresse du serveur n'est pas celui auquel cette borne "
    "peut se fier. Vérifiez l'adresse.",
    "link_not_allowed": "Le serveur refuse cette borne.",
    "link_unpaired": "Le serveur est trouvé et ne connaît pas encore cette borne : suivez les "
    "étapes plus bas.",
    "link_press_to_pair": "Appuyez maintenant sur le bouton de la borne ; trois secondes si elle "
    "n'a pas d'étiquette.",
    "link_joined": "Le serveur a laissé entrer cette borne.",
    "look_again": "Regarder encore",
    "go_on": "Continuer avec lui",
    "pairing": "Ensuite : l'appairer avec le serveur",
    "paired": "Cette borne appartient au site {site}. Elle le rejoint d'elle-même ; il n'y a rien "
    "à presser.",
    "unpaired": "Cette borne n'appartient encore à personne. Tant qu'elle attend, sa lumière donne "
    "un bref éclat blanc toutes les trois secondes.",
    "step_page": "Sur la page de l'opérateur du serveur, trouvez la borne {unit}.",
    "step_code": "Donnez-y le code de l'étiquette collée dessous : huit lettres et chiffres.",
    "step_press": "Quand sa lumière donne, en vert et blanc, deux éclats brefs et un long : "
    "appuyez sur son bouton.",
    "step_hold": "Acceptez-la sans étiquette. Quand sa lumière donne, en vert et blanc, deux "
    "éclats brefs et un long : tenez son bouton trois secondes.",
    "error": "Pas encore :",
    "need_network": "Choisissez un réseau, ou écrivez un nom de 1 à 32 lettres.",
    "need_password": "Le mot de passe de {name} a 8 à 63 lettres, chiffres et signes.",
    "bad_hub": "L'adresse du serveur est comme http://192.168.1.20:8080, ou vide.",
    "bad_name": "Le nom d'une table a 40 lettres au plus.",
    "again": "Retour",
    "refused": "Ceci ne vient pas de la page de la borne. Chargez la page de nouveau.",
    "lost": "Il n'y a rien ici.",
    "language": "Langue",
    JoinTrouble.WRONG_PASSWORD: "Le mot de passe de {name} était faux. Écrivez-le de nouveau.",
    JoinTrouble.NOT_FOUND: "{name} n'a pas été trouvé. Est-il proche, et son nom est-il juste ?",
    JoinTrouble.NO_ADDRESS: "{name} a laissé entrer la borne sans lui donner d'adresse. Sa box "
    "est-elle allumée ?",
    JoinTrouble.FAILED: "{name} n'a pas pu être rejoint. Réessayez, ou prenez un autre réseau.",
}

WORDS: Mapping[str, Mapping[str, str]] = {"en": EN, "fr": FR}


def language_of(chosen: str | None, accepted: str) -> str:
    """The one that was chosen, else the first that the browser accepts and we speak."""
    if chosen in LANGUAGES:
        return chosen
    for wish in accepted.split(","):
        language = wish.strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]
