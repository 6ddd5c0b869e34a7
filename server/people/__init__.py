"""People: who is asking, and what they may do.

A *worker* signs in with a phone number and a six-digit code; the number is sealed at rest and found
through a blind index. *Staff* sign in with a name, a password and a time-based code (TOTP), and hold
*grants*: a role at one station or over a region's subtree. A *session* belongs to one of them.
Rules: a code works once, for five minutes, for five tries; asking for codes is limited per number and
loosely per address; no answer tells whether a number is known.
"""
