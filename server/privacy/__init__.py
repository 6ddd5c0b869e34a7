"""Privacy: what a worker may ask of us about their own data (PIPL, articles 15 and 44 to 50).

A *copy* of everything held, to read, print or take along; *correction* of the phone number (names and members' data
are corrected where they are kept); *consents*, given and taken back; *readings*: who dealt with one's data, when and
why; and *erasure*. Each room says in its own `own_data` what it holds and forgets it there; this room asks all of
them, and nobody asks this room. tests/privacy/test_held.py knows every column that may speak of somebody.
"""
