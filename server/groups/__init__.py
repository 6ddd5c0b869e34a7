"""Groups: one worker, the foreman, books a service for many in one go.

Each *place* of a group is an ordinary booking of a *guest*: a person who was `brought_by` the foreman, has no sign-in
and is nobody's member. So capacity, desk, check-in, missed bookings, figures, closures and rebooking know nothing of
groups. The group has a code by which the desk finds its people, and numbers them by *seat*, as the list did.
Rules: all places that were chosen are taken in one transaction, or none; one request key books once; a foreman has few
open groups at a time. Messages about guests go to the foreman (notices), once and not forty times. Names and phones
are sealed, and forgotten thirty days after the last place.
"""
