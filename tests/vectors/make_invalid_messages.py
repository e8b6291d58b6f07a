"""Writes ``messages_invalid.json`` beside it: what is refused as a message of a client.

``python tests/vectors/make_invalid_messages.py`` writes; ``tests/wire`` reads.
"""

import json
from pathlib import Path

HERE = Path(__file__).parent

MESSAGES_INVALID = {
    "not JSON": "{",
    "key that is too short": json.dumps(
        {"type": "join", "version": 1, "role": "unit", "unit_key": {"key": "k", "nonce": "n" * 43}}
    ),
    "signature of other signs": json.dumps({"type": "proof", "signature": "+" * 86}),
    "muted for no reason": '{"type":"set_muted","id":"c","muted":"maybe"}',
    "not an object": "[]",
    "no type": "{}",
    "unknown type": '{"type":"sing"}',
    "hub's message from a client": '{"type":"ack","id":"x"}',
    "join without a version": '{"type":"join","role":"listener"}',
    "join in an unknown role": '{"type":"join","version":1,"role":"king"}',
    "room name with a slash": '{"type":"join","version":1,"role":"listener","room":"a/b"}',
    "command without an id": '{"type":"raise_hand"}',
    "id too long": json.dumps({"type": "next", "id": "x" * 65}),
    "id with a space": '{"type":"next","id":"a b"}',
    "empty name": '{"type":"raise_hand","id":"c","name":"  "}',
    "name too long": json.dumps({"type": "raise_hand", "id": "c", "name": "n" * 41}),
    "name with a line break": json.dumps({"type": "raise_hand", "id": "c", "name": "a\nb"}),
    "name that turns the line round": json.dumps(
        {"type": "raise_hand", "id": "c", "name": "a\u202eb"}
    ),
    "line too long": json.dumps({"type": "open_ask", "id": "c", "question": "q" * 281}),
    "title with a line break": json.dumps(
        {"type": "describe", "id": "c", "about": {"title": "a\nb"}}
    ),
    "title of spaces": '{"type":"describe","id":"c","about":{"title":"  "}}',
    "description that turns the line round": json.dumps(
        {"type": "describe", "id": "c", "about": {"title": "a", "description": "\u202eb"}}
    ),
    "nine topics": json.dumps(
        {"type": "describe", "id": "c", "about": {"title": "a", "topics": ["t"] * 9}}
    ),
    "language by its name": json.dumps(
        {"type": "describe", "id": "c", "about": {"title": "a", "language": "French"}}
    ),
    "rules of no mode": '{"type":"set_rules","id":"c","rules":{"mode":"chaos"}}',
    "more microphones than any hall": '{"type":"set_rules","id":"c","rules":{"cap":26}}',
    "no microphone at all": '{"type":"set_rules","id":"c","rules":{"cap":0}}',
    "turn of a second": '{"type":"set_rules","id":"c","rules":{"turn_s":1}}',
    "place before the first": '{"type":"move_hand","id":"c","participant":"p","place":0}',
    "third person without a number": '{"type":"block","id":"c","participant":"u1~"}',
    "code of a seat that is too short": '{"type":"take_seat","id":"c","code":"abc","name":"Z"}',
    "rank of nobody": '{"type":"set_rank","id":"c","participant":"p","rank":"king"}',
    "rank left out": '{"type":"set_rank","id":"c","participant":"p"}',
    "invitation as a unit": '{"type":"make_invite","id":"c","role":"unit"}',
    "invitation number nought": '{"type":"revoke_invite","id":"c","number":0}',
    "reason that is none": '{"type":"lower_hand","id":"c","reason":"boring"}',
    "recording that is kept for ever": json.dumps(
        {"type": "start_recording", "id": "c", "terms": {"retention_days": 366}}
    ),
    "recording that is kept for no day": json.dumps(
        {"type": "start_recording", "id": "c", "terms": {"retention_days": 0}}
    ),
    "recording without terms": '{"type":"start_recording","id":"c"}',
    "answer to no text": json.dumps(
        {"type": "answer_recording", "id": "c", "recorded": True, "published": True}
    ),
    "answer to one question alone": json.dumps(
        {"type": "answer_recording", "id": "c", "recorded": True, "text_version": "0" * 16}
    ),
    "answer to a text by its title": json.dumps(
        {
            "type": "answer_recording",
            "id": "c",
            "recorded": True,
            "published": True,
            "text_version": "newest",
        }
    ),
    "recording by a path": json.dumps(
        {"type": "withdraw_voice", "id": "c", "recording": "../../20261123T190000Z-1"}
    ),
    "phase of the moon": '{"type":"set_phase","id":"c","phase":"full"}',
    "silence neither on nor off": '{"type":"silence_all","id":"c"}',
    "reaction of words": '{"type":"react","reaction":"boo"}',
    "picture of somebody": '{"type":"here","avatar":"face.png"}',
    "level above full scale": '{"type":"level","level_dbfs":3}',
    "level that is no number": '{"type":"level","level_dbfs":"NaN"}',
    "zone in capitals": ('{"type":"set_lift","id":"s","zone":"Hall","on":true}'),
    "gain that would deafen": '{"type":"set_source","id":"s","participant":"u1","gain_db":40}',
    "time before the start of time": '{"type":"time_request","client_ns":-1}',
    "negative time played": (
        '{"type":"report","rung":"mp3","buffer_ms":1,"played_ms":-1,"underruns":0}'
    ),
}


def main() -> None:
    """Write the file."""
    invalid = [{"name": name, "text": text} for name, text in MESSAGES_INVALID.items()]
    text = json.dumps(invalid, indent=1, ensure_ascii=False) + "\n"
    (HERE / "messages_invalid.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
