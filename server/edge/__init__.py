"""How HTTP meets us: audiences, sessions, CSRF, headers, languages, forms, fragments, problems, live events."""
