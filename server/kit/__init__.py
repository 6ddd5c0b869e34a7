"""Tools without domain words. Imports nothing of ours."""
