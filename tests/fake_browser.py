"""A browser without a window, for Python's `webbrowser` (BROWSER): python fake_browser.py ADDRESS.

It signs the demo user in, after it has asked the listener what any page could make it ask. With
FAKE_BROWSER=cancel the person gives up at the sign-in page.
"""

import os
import sys
from urllib.parse import parse_qs, urlsplit

import httpx

from local.demo import DEMO_EMAIL, DEMO_PASSWORD
from ops.token import HiddenFields

address = sys.argv[1]
asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
back = asked["redirect_uri"]

with httpx.Client(trust_env=False, follow_redirects=True) as browser:
    assert browser.get(f"{back}/favicon.ico").status_code == 404
    assert browser.get(f"{back}/?code=forged&state=forged").status_code == 404
    assert browser.get(f"{back}/elsewhere?code=x&state={asked['state']}").status_code == 404
    if os.environ.get("FAKE_BROWSER") == "cancel":
        browser.get(f"{back}/?error=access_denied&state={asked['state']}")
    else:
        page = browser.get(address)
        form = HiddenFields()
        form.feed(page.text)
        print("browsers write what they like")
        data = {**form.fields, "username": DEMO_EMAIL, "password": DEMO_PASSWORD}
        assert "close this page" in browser.post(page.url, data=data).text
