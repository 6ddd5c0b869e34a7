"""Oversight: officers and auditors read the audit of their regions. It calls other rooms, and none calls it.

The *log* is read newest first, by time, actor, action and subject; the same can be taken out as CSV. It holds ids and
no names of workers: where the thing is a station or a colleague, its name is looked up for whoever reads.
"""
