"""Membership: a worker joins the union, carries a card, moves to another union, or leaves.

A *union* is a grassroots union or one above it; together they are a tree under the federation. An
*application* is a worker's request: to join, to be connected with the entry an import brought (claim), or
to have the entry corrected. A *member* is the entry in the register: its number is never used again, and
it names exactly one union. A *transfer* asks another union to take a member over.
Rules: nobody is approved by a machine; one open application per person and one per document; a member
has one union at any time, and only an accepted transfer changes it; a refused, withdrawn or unanswered
transfer changes nothing. Names and documents are sealed; they are found through a blind index.
"""
