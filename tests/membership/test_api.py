"""Joining, the card, moving and reviewing as JSON: every step, repeated steps, documented refusals."""

import asyncio

import pytest

from server.kit import clock
from server.kit.ids import new_id
from server.membership.card import read_card
from server.people import service as people
from server.people.models import Role
from server.stations.service import load_divisions
from tests.fixtures.membership import make_id_card, make_member, make_union
from tests.fixtures.people import make_person, make_staff

API = "/api/v1/membership"
REVIEW = "/api/v1/review"
PROBLEM = "application/problem+json"
NANNING = (22.8170, 108.3665)


@pytest.fixture
async def union(app):
    assert app
    await load_divisions()
    return await make_union(search_text="凤岭街道联合工会", lat=NANNING[0], lng=NANNING[1])


@pytest.fixture
def client_of(browser_of):
    """A program with a bearer token."""

    async def make(person=None, staff=None):
        client = browser_of().client
        opened = {"person_id": person.id} if person else {"staff_id": staff.id}
        client.headers["Authorization"] = f"Bearer {await people.open_session(**opened, device='api')}"
        return client

    return make


@pytest.fixture
async def worker(client_of):
    return await client_of(person=await make_person())


@pytest.fixture
async def reviewer(client_of, union):
    return await client_of(staff=await make_staff(Role.REVIEWER, union_id=union.id))


async def applied(client, union, number=""):
    """An application that waits."""
    draft = {
        "identity": {"name": "韦秀英", "number": number or make_id_card()},
        "work": {"region_code": 450103, "employer": "南宁地铁"},
        "union_id": str(union.id),
    }
    kept = await client.put(f"{API}/application", json=draft)
    assert kept.status_code == 200, kept.text
    return (await send(client)).json()


async def send(client, **agreed):
    version = (await client.get(f"{API}/consents")).json()["version"]
    return await client.post(
        f"{API}/application/submit", json={"version": version, "sensitive": True, "sharing": True} | agreed
    )


def problem(answer):
    """A refusal's status and code."""
    assert answer.headers["content-type"].startswith(PROBLEM), answer.text
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_a_worker_joins_step_by_step_and_shows_a_card(worker, reviewer, union):
    assert (await worker.get(API)).json() == {"is_member": False, "application": None}
    assert problem(await worker.get(f"{API}/application")) == (404, "no-application")
    number = make_id_card()
    begun = (await worker.put(f"{API}/application", json={"poster": union.code})).json()
    assert (begun["state"], begun["next_step"], begun["union_name"]) == ("draft", "identity", union.name)
    typed = {"name": "韦 秀英", "number": f" {number[:6]}-{number[6:]} ".lower()}
    kept = (await worker.put(f"{API}/application", json={"identity": typed})).json()
    assert (kept["name"], kept["next_step"]) == ("韦秀英", "check")
    assert number not in str(kept)
    assert kept["hidden_number"] == f"{number[0]}{'*' * 16}{number[-1]}"
    sent = await send(worker)
    assert (sent.status_code, sent.json()["state"], sent.json()["usual_days"]) == (200, "submitted", 5)
    assert (await send(worker)).json()["id"] == sent.json()["id"]
    assert problem(await worker.get(f"{API}/card")) == (409, "not-a-member")

    (row,) = (await reviewer.get(f"{REVIEW}/applications")).json()["items"]
    assert (row["id"], row["doubts"], row["name"]) == (sent.json()["id"], [], "韦秀英")
    assert number not in str(row)
    url = f"{REVIEW}/applications/{row['id']}"
    assert (await reviewer.get(url)).json()["hidden_number"] == kept["hidden_number"]
    assert (await reviewer.post(f"{url}/approve")).json() == {"id": row["id"], "state": "approved"}
    assert problem(await reviewer.post(f"{url}/approve")) == (409, "application-moved")

    card = (await worker.get(f"{API}/card")).json()
    assert (card["name"], card["union_name"], card["state"]) == ("韦秀英", union.name, "active")
    assert read_card(card["code"], clock.today()).number == card["number"]
    assert [stay["union"] for stay in card["unions"]] == [union.name]
    assert (await worker.get(API)).json()["is_member"]
    assert problem(await worker.put(f"{API}/application", json={})) == (409, "already-member")
    assert (await worker.delete(API)).status_code == 204
    assert not (await worker.get(API)).json()["is_member"]


async def test_returned_then_corrected_rejected_then_appealed(worker, reviewer, union):
    url = f"{REVIEW}/applications/{(await applied(worker, union))['id']}"
    wish = {"fields": ["work"], "reason": "请把工地的名字写全。"}
    assert (await reviewer.post(f"{url}/return", json=wish)).json()["state"] == "returned"
    returned = (await worker.get(f"{API}/application")).json()
    assert (returned["next_step"], returned["fields_wrong"], returned["reason"]) == ("work", ["work"], wish["reason"])
    assert problem(await send(worker)) == (422, "not-complete")
    await worker.put(f"{API}/application", json={"work": {"region_code": 450103, "employer": "南宁地铁凤岭工地"}})
    assert (await send(worker)).json()["state"] == "submitted"
    assert (await reviewer.post(f"{url}/reject", json={"reason": "不在这里"})).json()["state"] == "rejected"
    assert (await worker.get(f"{API}/application")).json()["may_appeal"]
    assert problem(await worker.post(f"{API}/application/appeal", json={"words": " "})) == (422, "appeal-empty")
    appealed = await worker.post(f"{API}/application/appeal", json={"words": "我在这里"})
    assert (appealed.status_code, appealed.json()["state"]) == (200, "appealed")
    assert problem(await worker.post(f"{API}/application/appeal", json={"words": "又"})) == (409, "not-appealable")
    assert problem(await reviewer.post(f"{url}/approve"))[0] in (403, 409)
    assert (await worker.post(f"{API}/application/withdraw")).status_code == 204
    assert problem(await worker.post(f"{API}/application/withdraw")) == (404, "no-application")


async def test_a_member_moves_once_however_often_it_is_asked(client_of, union, reviewer):
    person = await make_person(is_member=True)
    home = await make_union(name="原工会")
    await make_member(union=home, person=person)
    member = await client_of(person=person)
    assert problem(await member.get(f"{API}/transfer")) == (404, "not-found")
    version = (await member.get(f"{API}/consents")).json()["transfer_version"]
    wish = {"union_id": str(union.id), "agreed": True, "version": version, "employer": "南宁地铁"}
    first, second = [await member.post(f"{API}/transfer", json=wish) for _ in range(2)]
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json() == (await member.get(f"{API}/transfer")).json()
    assert first.json()["to_union"] == union.name
    elsewhere = wish | {"union_id": str((await make_union(name="第三个工会")).id)}
    assert problem(await member.post(f"{API}/transfer", json=elsewhere)) == (409, "transfer-open")
    assert (await member.delete(f"{API}/transfer")).status_code == 204
    assert problem(await member.delete(f"{API}/transfer")) == (409, "transfer-moved")
    await member.post(f"{API}/transfer", json=wish)
    (move,) = (await reviewer.get(f"{REVIEW}/transfers")).json()["items"]
    url = f"{REVIEW}/transfers/{move['id']}"
    assert problem(await reviewer.post(f"{url}/refuse", json={"reason": " "})) == (422, "reason-needed")
    assert (await reviewer.post(f"{url}/accept")).status_code == 204
    assert problem(await reviewer.post(f"{url}/refuse", json={"reason": "晚了"})) == (409, "transfer-moved")
    card = (await member.get(f"{API}/card")).json()
    assert ([stay["union"] for stay in card["unions"]], card["transfer"]) == (["原工会", union.name], None)


@pytest.mark.parametrize(
    ("draft", "refusal"),
    [
        ({"identity": {"name": "韦秀英", "number": "450103199001010021"}}, "id-card-wrong"),
        ({"identity": {"name": "4", "number": "11010519491231002X"}}, "name-wrong"),
        ({"identity": {"name": "Nguyen", "number": "B1234567", "document": "passport"}}, "birth-wrong"),
        ({"work": {"region_code": 450000}}, "place-unknown"),
        ({"work": {"region_code": -5}}, "place-unknown"),
        ({"poster": "NOTHING1"}, "union-unknown"),
        ({"union_id": str(new_id())}, "union-unknown"),
        ({"union_id": "x"}, "invalid"),
        ({"identity": {"name": "", "number": ""}}, "invalid"),
        ({"work": {"region_code": "x"}}, "invalid"),
        ([], "invalid"),
        (None, "invalid"),
    ],
)
async def test_a_draft_that_cannot_be_kept(worker, union, draft, refusal):
    assert union
    assert problem(await worker.put(f"{API}/application", json=draft)) == (422, refusal)


@pytest.mark.parametrize(
    ("agreed", "refusal"),
    [({"sensitive": False}, (422, "consent-needed")), ({"version": "1949"}, (409, "consent-outdated"))],
)
async def test_without_agreement_nothing_is_sent(worker, reviewer, union, agreed, refusal):
    assert problem(await send(worker, **agreed))[0] in (404, 409, 422)
    await worker.put(f"{API}/application", json={"poster": union.code})
    assert problem(await send(worker)) == (422, "not-complete")
    assert problem(await send(worker, **agreed)) == refusal
    assert (await reviewer.get(f"{REVIEW}/applications")).json()["items"] == []


async def test_one_document_at_the_same_instant_is_one_application(client_of, union):
    number = make_id_card()
    clients = [await client_of(person=await make_person()) for _ in range(2)]
    for client in clients:
        draft = {"poster": union.code, "identity": {"name": "韦秀英", "number": number}}
        await client.put(f"{API}/application", json=draft)
    answers = await asyncio.gather(*map(send, clients))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert problem(next(a for a in answers if a.status_code == 409)) == (409, "document-taken")


async def test_nobody_decides_outside_their_unions(worker, union, client_of, browser_of):
    application_id = (await applied(worker, union))["id"]
    far = await make_union(name="东莞工会", region_code=441900)
    stranger = await client_of(staff=await make_staff(Role.REVIEWER, union_id=far.id))
    assert (await stranger.get(f"{REVIEW}/applications")).json() == {"items": [], "next": None}
    url = f"{REVIEW}/applications/{application_id}"
    bodies = {"approve": None, "return": {"fields": ["work"], "reason": "写全"}, "reject": {"reason": "不行"}}
    assert problem(await stranger.get(url)) == (403, "forbidden")
    for verb, body in bodies.items():
        assert problem(await stranger.post(f"{url}/{verb}", json=body)) == (403, "forbidden")
        unknown = f"{REVIEW}/applications/{new_id()}/{verb}"
        assert problem(await stranger.post(unknown, json=body)) == (404, "no-application")
        assert problem(await worker.post(f"{url}/{verb}", json=body)) == (403, "forbidden")
    visitor = browser_of().client
    for path in (API, f"{API}/application", f"{API}/card", f"{API}/transfer", f"{REVIEW}/applications"):
        assert problem(await visitor.get(path)) == (401, "sign-in-needed")
    assert (await worker.get(f"{API}/application")).json()["state"] == "submitted"


@pytest.mark.parametrize("body", [{}, {"reason": "x" * 301}, {"reason": 5}, {"fields": "work", "reason": "x"}, None])
async def test_bad_decisions_are_named_and_change_nothing(worker, reviewer, union, body):
    application = await applied(worker, union)
    answer = await reviewer.post(f"{REVIEW}/applications/{application['id']}/return", json=body)
    assert problem(answer) == (422, "invalid")
    assert (await worker.get(f"{API}/application")).json()["state"] == "submitted"


async def test_the_queue_comes_page_by_page(reviewer, union, client_of):
    sent = [(await applied(await client_of(person=await make_person()), union))["id"] for _ in range(31)]
    first = (await reviewer.get(f"{REVIEW}/applications")).json()
    rest = (await reviewer.get(f"{REVIEW}/applications", params={"after": first["next"]})).json()
    assert [row["id"] for row in first["items"] + rest["items"]] == sent
    assert rest["next"] is None
    assert problem(await reviewer.get(f"{REVIEW}/applications?show=castle")) == (422, "invalid")


async def test_unions_are_found_by_name_code_place_and_position(site, union):
    far = await make_union(name="东莞工会", region_code=441900, lat=23.02, lng=113.75)
    await make_union(name="总工会", kind="federation", region_code=450000, lat=NANNING[0], lng=NANNING[1])
    await make_union(name="撤了的工会", lat=NANNING[0], lng=NANNING[1], closed_at=clock.now())
    for query in ("q=凤岭", f"q={union.code.lower()}", "region=450103"):
        (item,) = (await site.open(f"/api/v1/unions?{query}")).json()["items"]
        assert (item["id"], item["place"]) == (str(union.id), "广西壮族自治区南宁市青秀区")
        assert item["distance_m"] is None
    near = (await site.open(f"/api/v1/unions?lat={NANNING[0] + 0.01}&lng={NANNING[1]}")).json()["items"]
    assert [item["id"] for item in near] == [str(union.id), str(far.id)]
    assert near[0]["distance_m"] == pytest.approx(1113, abs=3)
    assert set(near[0]) == {"id", "code", "name", "kind", "region_code", "place", "distance_m"}


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("", "nowhere-to-search"),
        ("region=0", "nowhere-to-search"),
        ("region=99999999999", "nowhere-to-search"),
        ("lat=22", "position-incomplete"),
        ("lat=0&lng=0", "position-unusable"),
        ("lat=x&lng=1", "invalid"),
        ("q=" + "a" * 61, "invalid"),
    ],
)
async def test_bad_searches_are_problems(site, query, refusal):
    assert problem(await site.open(f"/api/v1/unions?{query}")) == (422, refusal)


async def test_consents_are_read_in_ones_own_language(site):
    chinese = (await site.open(f"{API}/consents", headers={"Accept-Language": "zh-CN"})).json()
    assert [item["purpose"] for item in chinese["items"]] == ["sensitive", "sharing"]
    english = (await site.open(f"{API}/consents", headers={"Accept-Language": "en"})).json()
    assert english["version"] == chinese["version"]


async def test_all_of_it_is_documented(app):
    paths = app.openapi_schema.to_schema()["paths"]
    open_to_all = ("/api/v1/unions", f"{API}/consents")
    documented = [path for path in paths if path.startswith((API, REVIEW, "/api/v1/unions"))]
    assert len(documented) == 17
    for path in documented:
        for operation in paths[path].values():
            assert operation["operationId"]
            assert operation["summary"]
            assert path in open_to_all or {"401", "403"} <= set(operation["responses"])
