"""Chandi's API from Python, with nothing but its standard library."""

import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


def ask(method, path, body=None, timeout=40):
    request = urllib.request.Request(
        f"{os.environ['CHANDI_URL']}/api/v1/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['CHANDI_KEY']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refused:
        # Decide by the code; the message is for people who write programs.
        sys.exit(f"refused: {json.load(refused)['error']['code']}")


def new_id():
    return str(uuid.uuid4())


def products():
    for product in ask("GET", "products")["items"]:
        print(product["id"], product["price_minor"], product["name"])


def order(product, quantity):
    placed = ask(
        "POST",
        "orders",
        {
            "id": new_id(),
            "lines": [{"product": product, "quantity": quantity}],
            "tenders": [{"id": new_id(), "method": "cash"}],
        },
    )
    print(json.dumps(placed))


def redeem(code):
    print(json.dumps(ask("POST", "tokens/verify", {"code": code})), file=sys.stderr)
    print(json.dumps(ask("POST", "tokens/redeem", {"id": new_id(), "code": code})))


def follow(cursor=""):
    """Asks, waits until something happens, and asks again behind it. Keep the cursor, and nothing is missed."""
    while True:
        page = ask("GET", "events?" + urllib.parse.urlencode({"after": cursor, "wait": 30}))
        for event in page["items"]:
            print(event["cursor"], event["type"], event["subject"]["id"], flush=True)
        cursor = page["next"]


def verify(secret, header):
    body = sys.stdin.buffer.read()
    try:
        parts = dict(part.split("=", 1) for part in header.split(","))
        at, said = parts["t"], parts["v1"]
        age = abs(time.time() - int(at))
    except (KeyError, ValueError):
        sys.exit("not genuine")
    is_ = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(is_, said) or age > 300:
        sys.exit("not genuine")
    print("genuine")


WHAT = {"products": products, "order": order, "redeem": redeem, "follow": follow, "verify": verify}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in WHAT:
        sys.exit(f"usage: {sys.argv[0]} products | order PRODUCT QUANTITY | redeem CODE | follow [CURSOR] | verify SECRET HEADER")
    WHAT[sys.argv[1]](*sys.argv[2:])
