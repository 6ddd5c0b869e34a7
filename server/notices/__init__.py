"""Notices: the one place that talks to people.

A *notice* is one message to one worker (or staff member), written in the transaction of the change it
tells about. It stands in the in-app inbox from `due_at` on; with `push` it also goes out by SMS:
`due → sent`, or `failed` after retries with growing waits, then shown to staff. A reminder that lost
its reason is `withdrawn`.
Rules: no SMS between 22:00 and 7:00 unless it would come too late; texts are made from `kind` and
`params` when sent, in the reader's language; params hold no personal data.
"""
