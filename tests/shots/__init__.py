"""The screenshot book: every page in every mode, from one table that a test holds against the app's routes.

`pages` is the table, `world` what stands on the pages, `book` the camera; `python -m tests.shots` makes the book under
build/shots/ and `python -m tests.shots readme` the few pictures that README shows.
"""
