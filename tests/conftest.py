pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.http",
    "tests.fixtures.people",
    "tests.fixtures.joining",
    "tests.fixtures.desk",
    "tests.fixtures.processes",
    "tests.fixtures.browser",
    "tests.fixtures.simulated_day",
    "tests.fixtures.pseudo",
    "tests.fixtures.keys",
    "tests.fixtures.reviewing",
]
