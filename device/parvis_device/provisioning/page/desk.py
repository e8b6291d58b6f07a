"""What is answered to a request, and what of it the unit is told. Pure but for who is told.

A page in an open Wi-Fi of one's own is an easy prey for other pages in the same phone: so only the
unit's own address is answered (a name that somebody bends to it is sent there, which is how a
phone finds the page unasked), and a form counts only with the token of the page, which nobody
else's script can read.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from parvis_device.address import HubAddress
from parvis_device.errors import BadHubAddress
from parvis_device.provisioning.networks import Wifi, is_wifi_name, is_wifi_password
from parvis_device.provisioning.page.http import (
    BadRequest,
    Request,
    answer,
    parse_form,
    redirect,
)
from parvis_device.provisioning.page.view import (
    OTHER,
    Entered,
    View,
    finishing_page,
    joining_page,
    main_page,
    refusal_page,
)
from parvis_device.provisioning.page.words import language_of
from parvis_wire.fields import MAX_NAME_CHARACTERS


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for on the page."""

    wifi: Wifi | None
    """None: to go on with the network that there is."""
    hub: str = ""
    name: str = ""


class Desk:
    """Answers for one time that the page is open."""

    def __init__(
        self, authority: str, view: Callable[[str], View], told: Callable[[Wish], None]
    ) -> None:
        """``authority``: the address of the page; ``view``: how things are now, with this token."""
        self._authority = authority
        self._view = view
        self._told = told
        self._token = secrets.token_urlsafe(16)
        self._style = (
            resources.files("parvis_device.provisioning.page").joinpath("style.css").read_bytes()
        )

    def answer(self, request: Request, body: bytes) -> bytes:
        """The answer to one request.

        Raises:
            BadRequest: the body is no form.
        """
        if request.header("host") != self._authority:
            # Another name that leads here: a phone's question whether it is on the Internet, or a
            # page that tries to be us. Both are sent to our own address and told nothing.
            if request.method not in ("GET", "HEAD"):
                raise BadRequest(403)
            return redirect(f"http://{self._authority}/")
        language = language_of(request.language, request.header("accept-language"))
        match request.method, request.path:
            case (("GET" | "HEAD"), "/"):
                return _page(200, main_page(self._now, language))
            case (("GET" | "HEAD"), "/style.css"):
                return answer(200, self._style, "text/css; charset=utf-8")
            case "POST", ("/join" | "/finish"):
                return self._form(request, parse_form(body), language)
            case (("GET" | "HEAD"), _):
                return _page(404, refusal_page(self._now, language, "lost"))
        raise BadRequest(405)

    @property
    def _now(self) -> View:
        return self._view(self._token)

    def _form(self, request: Request, form: dict[str, str], language: str) -> bytes:
        origin = request.header("origin")
        own = not origin or origin == f"http://{self._authority}"
        if not own or not secrets.compare_digest(
            form.get("token", "").encode(), self._token.encode()
        ):
            return _page(403, refusal_page(self._now, language, "refused"))
        if request.path == "/finish":
            self._told(Wish(None))
            return _page(200, finishing_page(self._now, language))
        wish, entered = read_wish(form, self._now)
        if wish is None:
            return _page(422, main_page(self._now, language, entered))
        self._told(wish)
        assert wish.wifi is not None
        return _page(200, joining_page(self._now, language, wish.wifi.name))


def read_wish(form: dict[str, str], view: View) -> tuple[Wish | None, Entered]:
    """What the form asks for; None: its ``Entered`` says what is missing."""
    chosen, typed = form.get("network", OTHER), form.get("other_name", "").strip()
    seen = {one.name: one for one in view.networks}
    is_typed = not chosen.startswith("=")
    wifi_name = typed if is_typed else chosen[1:]
    password = form.get("password", "")
    hub, name = form.get("hub", "").strip(), form.get("name", "").strip()
    needs = wifi_name in seen and seen[wifi_name].secured
    error = ""
    if not is_wifi_name(wifi_name):
        error = "need_network"
    elif (needs or password) and not is_wifi_password(password):
        error = "need_password"
    elif hub and not _is_hub(hub):
        error = "bad_hub"
    elif len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        error = "bad_name"
    network = OTHER if is_typed else wifi_name
    entered = Entered(error, network, typed, hub, name)
    if error:
        return None, entered
    hidden = wifi_name not in seen
    return Wish(Wifi(wifi_name, password or None, hidden), hub, name), entered


def _is_hub(address: str) -> bool:
    try:
        HubAddress.parse(address)
    except BadHubAddress:
        return False
    return True


def _page(status: int, html: str) -> bytes:
    return answer(status, html.encode())
