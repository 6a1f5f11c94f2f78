"""The upload of the agent's zip, to an emulated S3."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from emulator import ACCOUNT, REGION, Emulator, run_emulator

from ops import bundle, code_bucket
from ops.bundle import Bundle

pytestmark = pytest.mark.slow

SHA256 = "7d" * 32
KEY = f"agent/{SHA256}.zip"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with run_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield emulator


@pytest.fixture
def project(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose samconfig.toml is the one that is read, at the emulator."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("ENV", "STACK"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".build").mkdir()
    (tmp_path / "template.yaml").write_bytes((bundle.ROOT / "template.yaml").read_bytes())
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    monkeypatch.setattr(bundle, "CODE", tmp_path / ".build" / "run-make-bundle-agent.yaml")
    return tmp_path


def say(project: Path, *overrides: str, environment: str = "default", region: str = REGION) -> None:
    """Write a samconfig.toml with these parameters."""
    entries = json.dumps([*overrides, "file://.build/run-make-bundle-agent.yaml"])
    (project / "samconfig.toml").write_text(
        f"version = 0.1\n[{environment}.deploy.parameters]\nstack_name = 'sluice'\n"
        f"region = '{region}'\nparameter_overrides = {entries}\n"
    )


def zipped(project: Path, size: int = 20_000_000) -> Bundle:
    path = project / "agent.zip"
    path.write_bytes(b"z" * size)
    return Bundle(path, SHA256, size, size)


def test_the_first_upload_makes_a_private_versioned_encrypted_bucket_that_wants_tls(
    emulator: Emulator, project: Path, capsys
):
    say(project, "Prefix=first")
    bucket, key = bundle.upload(zipped(project))
    assert (bucket, key) == (f"first-code-{ACCOUNT}-{REGION}", KEY)
    assert capsys.readouterr().out == (
        f"Making the bucket {bucket}\nUploading 20.0 MB to s3://{bucket}/{key}: 100 %\n"
    )
    s3 = emulator.client("s3")
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == 20_000_000
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    (rule,) = encryption["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    owners = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owners == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Principal"] == "*"
    assert statement["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_what_deploy_reads_is_written_after_the_upload(emulator: Emulator, project: Path):
    say(project)
    bucket, key = bundle.upload(zipped(project, 10))
    assert bucket == f"sluice-code-{ACCOUNT}-{REGION}", "the template's own prefix"
    written = yaml.safe_load((project / ".build" / "run-make-bundle-agent.yaml").read_text())
    assert written == {"AgentCodeBucket": bucket, "AgentCodeKey": key}


def test_a_zip_that_is_there_is_not_uploaded_again(emulator: Emulator, project: Path, capsys):
    say(project, "Prefix=twice")
    bucket, key = bundle.upload(zipped(project, 10))
    capsys.readouterr()
    assert bundle.upload(zipped(project, 10)) == (bucket, key)
    assert capsys.readouterr().out == f"s3://{bucket}/{key} is there already\n"
    versions = emulator.client("s3").list_object_versions(Bucket=bucket)["Versions"]
    assert len(versions) == 1


def test_an_earlier_bundles_bucket_is_not_taken_for_ones_own_choice(
    emulator: Emulator, project: Path
):
    say(project, "Prefix=moved")
    (project / ".build" / "run-make-bundle-agent.yaml").write_text(
        "AgentCodeBucket: of-another-account\n"
    )
    assert bundle.upload(zipped(project, 10))[0] == f"moved-code-{ACCOUNT}-{REGION}"


def test_a_bucket_of_ones_own_is_used_as_it_is(emulator: Emulator, project: Path):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="my-own-bucket")
    say(project, "AgentCodeBucket=my-own-bucket")
    assert bundle.upload(zipped(project, 10)) == ("my-own-bucket", KEY)
    assert "Status" not in s3.get_bucket_versioning(Bucket="my-own-bucket")


def test_a_bucket_named_in_samconfig_that_does_not_exist_is_made(emulator: Emulator, project: Path):
    say(project, "AgentCodeBucket=a-new-bucket")
    bundle.upload(zipped(project, 10))
    versioning = emulator.client("s3").get_bucket_versioning(Bucket="a-new-bucket")
    assert versioning["Status"] == "Enabled"


def test_a_bucket_whose_making_was_cut_short_is_finished(emulator: Emulator, project: Path):
    s3 = emulator.client("s3")
    bucket = f"halfway-code-{ACCOUNT}-{REGION}"
    s3.create_bucket(Bucket=bucket)
    say(project, "Prefix=halfway")
    bundle.upload(zipped(project, 10))
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert "OnlyByTls" in s3.get_bucket_policy(Bucket=bucket)["Policy"]


def test_settings_that_a_person_gave_the_finished_bucket_stay(emulator: Emulator, project: Path):
    say(project, "Prefix=kept")
    bucket, _ = bundle.upload(zipped(project, 10))
    s3 = emulator.client("s3")
    s3.delete_bucket_policy(Bucket=bucket)
    bundle.upload(zipped(project, 10))
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


def test_an_environment_has_its_own_bucket_in_its_own_region(
    emulator: Emulator, project: Path, monkeypatch
):
    monkeypatch.setenv("ENV", "prod")
    monkeypatch.delenv("AWS_REGION")
    say(project, "Prefix=live", environment="prod", region="eu-west-1")
    bucket, _ = bundle.upload(zipped(project, 10))
    assert bucket == f"live-code-{ACCOUNT}-eu-west-1"
    where = emulator.client("s3").get_bucket_location(Bucket=bucket)
    assert where["LocationConstraint"] == "eu-west-1"


def test_the_bucket_of_another_account_is_refused_in_one_sentence(
    emulator: Emulator, project: Path
):
    emulator.client("s3").create_bucket(Bucket="somebody-elses")
    s3 = boto3.client("s3", endpoint_url=emulator.endpoint)

    def forbidden(**kwargs) -> None:
        kwargs["parsed"]["ResponseMetadata"]["HTTPStatusCode"] = 403
        kwargs["http_response"].status_code = 403

    s3.meta.events.register("after-call.s3.HeadBucket", forbidden)
    bucket = code_bucket.CodeBucket(s3, "somebody-elses", ACCOUNT)
    with pytest.raises(SystemExit, match=r"bucket somebody-elses cannot be used.*AgentCodeBucket="):
        bucket.make()


def test_without_credentials_the_verb_ends_with_one_sentence(
    emulator: Emulator, project: Path, monkeypatch
):
    say(project)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit, match="There are no AWS credentials here"):
        bundle.upload(zipped(project, 10))
    assert not (project / ".build" / "run-make-bundle-agent.yaml").exists()
