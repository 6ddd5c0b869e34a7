"""Stations: places where workers are served, and how to find the nearest one.

A *station* has a kind, a position (WGS-84), weekly hours with a row of its own for public holidays,
facilities, and sits in an administrative *division* (`region_code`, GB/T 2260) as well as in the network
tree (`parent`). A *station day* replaces the weekly hours on one date: a closure or a special opening.
Rules: search orders by true great-circle distance; hours are local time in China and never cross
midnight (two ranges do); coordinates enter as WGS-84 or are converted at the edge.
"""
