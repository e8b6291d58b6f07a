"""The room: one line of hands, one floor. Pure: time, people and commands come in as arguments.

``clock`` counts the room's samples, ``members`` says who is there, ``fifo`` holds the rules of
the floor, and ``room`` joins them into the one object that the rest of the hub talks to.
"""
