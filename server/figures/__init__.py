"""Figures: what days at stations came to, in numbers without a name.

A *day figure* sums one service at one station on one day; a *region figure* sums the day figures of a division with
all below it. A *roll-up* writes both, every night for the days that are over; whatever happened before is rolled up by
a command. Figures of today (and of yesterday, until the night is over) are counted live, for one station only.
Rules: a roll-up may run again at any time and in any number of processes, and changes nothing that is right; what was
measured with a clock stays when the numbers of the queue are deleted after a month.
"""
