"""The hub: takes the units' sound, mixes the stage, keeps the room and serves the phones."""
