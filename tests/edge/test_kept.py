"""Parts of pages that are drawn once: again for other values and languages, never with what belongs to one page."""

import pytest

from server.edge.templates import make_environment
from server.kit.i18n import set_locale


@pytest.fixture
def draw():
    """Renders `{% kept value %}…{% endkept %}` around a body, in one environment."""
    env, template = make_environment(), "{% kept value %}{{ _('附近') }} {{ asked() }}{% endkept %}"
    template = env.from_string(template)
    asked = []

    def made(value, language="zh_CN"):
        set_locale(language)
        return template.render(value=value, asked=lambda: asked.append(value) or len(asked))

    yield made
    set_locale("zh_CN")


def test_a_part_is_drawn_once_for_the_same_values_and_language(draw):
    assert draw("a") == "附近 1"
    assert draw("b") == "附近 2"
    assert draw("a") == "附近 1"
    assert draw("a", "en") == "Nearby 3"
    assert draw("a") == "附近 1"


def test_what_carries_a_nonce_cannot_be_kept():
    template = make_environment().from_string("{% kept %}<script src='/a.js'></script>{% endkept %}")
    with pytest.raises(LookupError):
        template.render()
