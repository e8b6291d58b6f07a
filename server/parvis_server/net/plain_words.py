"""What pages and plain requests are answered with, by hub and edge, in two languages."""

import re

PLAIN_WORDS = {
    403: "This is for this machine and its own network, or for an operator's token.\n"
    "Ceci est réservé à cette machine et à son réseau, ou au jeton d'un opérateur.\n",
    404: "There is nothing at this address.\nIl n'y a rien à cette adresse.\n",
    405: "This address does not take that kind of request.\n"
    "Cette adresse n'accepte pas ce type de requête.\n",
    429: "Too many rooms that are not there were asked for from this address: wait a minute.\n"
    "Trop de salles introuvables ont été demandées depuis cette adresse : patientez une minute.\n",
    503: "The hub is full or not ready: try again in a moment.\n"
    "Le serveur est plein ou pas encore prêt : réessayez dans un instant.\n",
}
SERVER_MISTAKE = "The hub made a mistake; it is in its log.\nLe serveur a fait une erreur.\n"

ROOM_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

NO_STORE = {"Cache-Control": "no-store"}

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
