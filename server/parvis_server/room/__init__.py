"""The room: one line of hands, one floor. Pure: time, people and commands come in as arguments.

``room`` joins the parts into the one object that the rest of the hub talks to. A command is checked
against ``permissions`` and carried out by a rule (``deciding`` says which; ``hands``, ``turns``,
``hosting``, ``undo``) in a ``draft``; ``timing`` and ``stewardship`` say what follows with time;
``state`` is what the events come to. ``clock`` counts the room's samples, ``members`` says who is
there. The settings of the stage stand beside it: ``stage``, ``checks``, ``lifts``, ``alarms``.
"""
