"""Secrets that the hub gives out, and that no words of ours hold."""

from parvis_server.trust import tokens


def test_every_token_is_new_and_long() -> None:
    made = [make() for make in (tokens.new_setup_token, tokens.new_session_token) * 50]
    assert len(set(made)) == len(made)
    setup, session = made[0], made[1]
    assert (setup[:3], session[:3]) == ("ps_", "po_")
    assert len(setup) == 3 + 22, "16 bytes in base64url: 128 bits"
    assert len(session) == 3 + 32


def test_what_is_kept_gives_the_token_to_nobody() -> None:
    token = tokens.new_session_token()
    assert len(tokens.kept(token)) == 64
    assert token not in tokens.kept(token)
    assert tokens.kept(token) == tokens.kept(token) != tokens.kept(token + "x")
    assert tokens.kept("\ud800") == tokens.kept("?"), "what is no text is no token either"


def test_a_token_in_words_is_blotted_out() -> None:
    setup, session = tokens.new_setup_token(), tokens.new_session_token()
    line = f"GET /operator#setup={setup}, Bearer {session}; ps_short and maps_of_things stay"
    assert tokens.without_tokens(line) == (
        "GET /operator#setup=<secret>, Bearer <secret>; ps_short and maps_of_things stay"
    )
