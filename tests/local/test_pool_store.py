"""What the pool keeps on disk, and passwords."""

import json
import stat
from pathlib import Path

import pytest
from pool_support import EMAIL, PASSWORD, template

from local.pool import PoolConfig, PoolStore
from local.pool.passwords import Lockout, hash_password, password_matches
from local.pool.store import StoreError, UserRefusedError

POLICY = PoolConfig.of(template()).password_policy


def test_only_the_owner_may_read_the_files_and_no_secret_but_the_keys_is_in_them(
    tmp_path: Path,
) -> None:
    PoolStore(tmp_path).create_user(EMAIL, PASSWORD, POLICY)
    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {"keys.json", "users.json"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(PASSWORD not in file.read_text() for file in files)


def test_keys_and_users_survive_a_restart(tmp_path: Path) -> None:
    first = PoolStore(tmp_path)
    user = first.create_user(EMAIL, PASSWORD, POLICY)
    second = PoolStore(tmp_path)
    assert second.user(user.sub) == user
    assert {use: key.kid for use, key in second.keys.items()} == {
        use: key.kid for use, key in first.keys.items()
    }


def test_a_user_added_by_another_process_is_seen_at_once(tmp_path: Path) -> None:
    running = PoolStore(tmp_path)
    PoolStore(tmp_path).create_user(EMAIL, PASSWORD, POLICY)
    assert running.user_named(EMAIL, case_sensitive=True)


def test_a_weak_password_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserRefusedError, match="8 characters, an upper-case letter, a digit"):
        PoolStore(tmp_path).create_user(EMAIL, "short", POLICY)


def test_what_is_no_email_address_gets_no_account(tmp_path: Path) -> None:
    with pytest.raises(UserRefusedError, match="not an email address"):
        PoolStore(tmp_path).create_user("ada", PASSWORD, POLICY)


def test_an_address_has_one_account_however_it_is_written(tmp_path: Path) -> None:
    store = PoolStore(tmp_path)
    store.create_user(EMAIL, PASSWORD, POLICY)
    with pytest.raises(UserRefusedError, match="already"):
        store.create_user(EMAIL.upper(), PASSWORD, POLICY)


def test_ensuring_a_user_keeps_the_account_and_sets_the_password(tmp_path: Path) -> None:
    store = PoolStore(tmp_path)
    first = store.ensure_user(EMAIL, PASSWORD)
    assert store.ensure_user(EMAIL, PASSWORD) == first
    changed = store.ensure_user(EMAIL, "Another-1")
    assert changed.sub == first.sub
    assert password_matches("Another-1", changed.password_hash)


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"id": ')
    with pytest.raises(StoreError, match=r"keys\.json .* Delete it"):
        PoolStore(tmp_path)
    (tmp_path / "keys.json").write_text(json.dumps(["no object"]))
    with pytest.raises(StoreError, match="Delete it"):
        PoolStore(tmp_path)
    (tmp_path / "keys.json").unlink()
    (tmp_path / "grants.json").write_text(json.dumps({"1": {"unknown": "field"}}))
    with pytest.raises(StoreError, match=r"grants\.json is of another version"):
        PoolStore(tmp_path)


def test_two_hashes_of_a_password_differ_and_both_match() -> None:
    one, other = hash_password(PASSWORD), hash_password(PASSWORD)
    assert one != other
    assert password_matches(PASSWORD, one)
    assert not password_matches(PASSWORD + " ", other)


def test_the_lock_doubles_with_each_failure_after_the_fifth() -> None:
    lockout = Lockout()
    for _ in range(4):
        lockout.failed(EMAIL, 0)
    assert not lockout.locked(EMAIL, 0)
    lockout.failed(EMAIL, 0)
    assert lockout.locked(EMAIL, 0.9)
    assert not lockout.locked(EMAIL, 1)
    lockout.failed(EMAIL, 1)
    assert lockout.locked(EMAIL, 2.9)
    assert not lockout.locked("grace@example.com", 2)
    for _ in range(20):
        lockout.failed(EMAIL, 3)
    assert lockout.locked(EMAIL, 3 + 15 * 60 - 1)
    assert not lockout.locked(EMAIL, 3 + 15 * 60)


def test_a_quarter_of_an_hour_without_an_attempt_forgets_the_failures() -> None:
    lockout = Lockout()
    for _ in range(5):
        lockout.failed(EMAIL, 0)
    lockout.failed(EMAIL, 15 * 60)
    assert not lockout.locked(EMAIL, 15 * 60)
