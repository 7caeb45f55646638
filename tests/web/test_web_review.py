"""The page on which forms are checked: what it asks of the server, and in a browser, by keyboard alone."""

import csv
import json

import pytest
from support import CHROMIUM, needs_chromium
from support.commands import command, started
from support.playground import TestClient
from support.table_to_check import make_table

from inkgrad.forms import Review
from inkgrad.web import make_review_app

WAIT = 20_000  # milliseconds; a busy machine takes long


@pytest.fixture
def table(tmp_path):
    return make_table(tmp_path)


@pytest.fixture
def asked(table):
    with TestClient(make_review_app(Review(table)), base_url="http://localhost") as client:
        yield client


def answer(client, number, **message):
    return client.post(f"/api/questions/{number}/answer", content=json.dumps(message))


def test_questions_are_answered_refused_and_taken_back(asked, table):
    told = asked.get("/api/questions").json()
    assert [each["field"] for each in told["questions"]] == ["code", "sum", "paid", None]
    assert answer(asked, 0, text="123").json() == {"open": 3}
    refused = answer(asked, 1, text="x")
    assert (refused.status_code, refused.json()["error"][:3]) == (400, "sum")
    assert answer(asked, 1, text="x", as_it_is=True).json() == {"open": 2}
    assert asked.post("/api/questions/1/undo").json() == {"open": 3}
    assert Review(table).n_open == 3


def test_pictures_come_and_nothing_else_does(asked, table):
    picture = asked.get("/api/questions/0/picture")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    table.with_name("forms.review").joinpath("00002.png").unlink()
    for path in "/api/questions/1/picture", "/api/questions/3/picture", "/api/questions/9/picture":
        found = asked.get(path)
        assert found.status_code == 404
        assert found.json()["error"]


def test_silly_requests_get_one_line(asked):
    for message, status in ({"text": 3}, 400), ({}, 400), ([], 400):
        found = asked.post("/api/questions/0/answer", content=json.dumps(message))
        assert (found.status_code, list(found.json())) == (status, ["error"])
    assert answer(asked, 7, text="1").status_code == 404


def test_a_page_of_another_site_may_not_ask(asked):
    assert asked.get("/api/questions", headers={"origin": "http://evil.example"}).status_code == 403
    assert asked.get("/api/questions", headers={"host": "evil.example"}).status_code == 403
    assert "default-src 'none'" in asked.get("/").headers["content-security-policy"]


@needs_chromium
def test_a_person_checks_four_things_with_ten_keys(table):
    from playwright import sync_api as playwright

    process = started(command("review", table, "--no-browser"), stderr=None)
    try:
        address = process.stdout.readline().split()[5]
        with playwright.sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page()
            page.set_default_timeout(WAIT)
            complaints = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(address)
            n_keys = checked_by_keys(page)
            page.locator("#done:visible").wait_for()
            assert page.locator("#count").inner_text() == "4 of 4 checked"
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
    assert complaints == []
    assert n_keys == 10
    with open(table.with_name("forms.corrected.csv"), newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert (row["code"], row["sum"], row["paid"]) == ("123", "7.50", "yes")


def checked_by_keys(page):
    """Check the code, which lacks a digit, the sum, which is right after all, the tick box, and note the page."""
    n_keys = 0

    def press(*keys):
        nonlocal n_keys
        for key in keys:
            page.keyboard.press(key)
            n_keys += 1

    def at(field):
        page.locator("#field", has_text=field).wait_for()

    at("code")
    press("End", "3", "Enter")
    at("sum")
    press("Enter")
    at("paid")
    press("n")  # a slip
    at("A page that was not read")
    press("Escape")
    at("paid")
    press("y")
    at("A page that was not read")
    press("Escape")  # once more
    at("paid")
    press("y")
    at("A page that was not read")
    press("Enter")
    return n_keys
