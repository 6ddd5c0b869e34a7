"""A demonstration network: real places, invented stations, all marked as such.

Built from published facts (the hub in Guangzhou and its city stations, the Spring Festival service points)
and the list of divisions. Addresses say that they are examples; phone numbers are empty or the national
hotline. Everything is derived from fixed seeds, so that two installations show the same network.
"""
