"""Unattended stations: the code at the door, and how many came in.

Nobody gives a name there. A *door* is a station's code on its poster; whoever scans it says by one tap what work
he does, and is counted in `visit_day` with everybody else of that day and occupation. Nothing is kept of a visit
but the count: the phone holds a signed mark of its own, so that it counts once in some hours.
"""
