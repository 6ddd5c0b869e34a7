"""娘家人: find a station nearby, book a free service, join the union."""
