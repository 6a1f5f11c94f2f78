"""The site's files, before they are anywhere: order, types, caching."""

from pathlib import Path

import pytest

from ops.publish import FOREVER, REVALIDATE, File, read_files

OUTPUTS = {
    "Issuer": "https://issuer",
    "UserPoolClientId": "client",
    "ApiUrl": "https://api/prod",
    "LoginUrl": "https://login",
}


def test_the_index_goes_up_after_everything_that_it_names(tmp_path: Path) -> None:
    for name in ("assets/z.js", "assets/a.css", "index.html", "robots.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    keys = [file.key for file in read_files(tmp_path, OUTPUTS)]
    assert keys == ["assets/a.css", "assets/z.js", "robots.txt", "config.json", "index.html"]


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("assets/index-1a2b.js", "text/javascript; charset=utf-8"),
        ("assets/index-1a2b.css", "text/css; charset=utf-8"),
        ("assets/mark-1a2b.svg", "image/svg+xml; charset=utf-8"),
        ("assets/photo-1a2b.png", "image/png"),
        ("config.json", "application/json; charset=utf-8"),
        ("assets/unheard-of", "application/octet-stream"),
    ],
)
def test_a_file_has_the_type_that_its_name_says(key: str, content_type: str) -> None:
    assert File(key, b"").content_type == content_type


def test_only_a_name_that_holds_the_contents_hash_may_be_kept_for_ever() -> None:
    assert File("assets/index-1a2b.js", b"").cache_control == FOREVER
    for key in ("index.html", "config.json", "robots.txt"):
        assert File(key, b"").cache_control == REVALIDATE
