"""What workers tell about stations: something is broken, or a station is missed somewhere.

A *fault* is one broken thing at one station, from `open` over `in_progress` to `fixed` or `cannot_fix`; whoever said
so may open it again within some days. What each person said of it is a *voice*, with words and a photo if he likes:
the same thing said again while it is open joins the fault. A voice needs no name; its secret address shows how it goes.

A *suggestion* is a place where a station is missed. Proposing and supporting need a phone that is signed in: one
person counts once, so that the count means something to the officer who decides.
"""
