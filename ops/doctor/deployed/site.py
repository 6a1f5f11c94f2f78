"""The page as it is at AWS: published, and served."""

import json
from collections.abc import Iterator

from local.site import page_config
from ops import aws
from ops.doctor.check import Fault, Symptom
from ops.doctor.deployed.subject import DEPLOYED, OUTPUTS, DeployedStack, code_of


@DEPLOYED.check("published", "index.html and config.json in the page's bucket", Symptom.PAGE)
def published(subject: DeployedStack) -> Iterator[Fault]:
    store, bucket = subject.client("s3"), subject.output("SpaBucket")
    wanted = page_config({name: subject.output(name) for name in OUTPUTS})
    publish = f"make publish-spa STACK={subject.name}"
    try:
        store.head_object(Bucket=bucket, Key="index.html")
        body = store.get_object(Bucket=bucket, Key="config.json")["Body"].read()
    except aws.Failure as error:
        if code_of(error) not in ("404", "NoSuchKey"):
            raise
        yield Fault("the bucket has no page, or no config.json", "both", publish)
        return
    found = json.loads(body)
    wrong = sorted(name for name, value in wanted.items() if found.get(name) != value)
    if wrong:
        yield Fault(
            f"config.json: {', '.join(f'{name} {found.get(name)}' for name in wrong)}",
            ", ".join(f"{name} {wanted[name]}" for name in wrong),
            publish,
        )


@DEPLOYED.check("distribution", "the distribution in front of the page", Symptom.PAGE)
def distribution(subject: DeployedStack) -> Iterator[Fault]:
    answer = subject.client("cloudfront").get_distribution(Id=subject.output("DistributionId"))
    found = answer["Distribution"]
    enabled = found["DistributionConfig"]["Enabled"]
    if not enabled or found["Status"] != "Deployed":
        yield Fault(
            f"{found['Status']}, {'enabled' if enabled else 'not enabled'}",
            "Deployed and enabled",
            "Ask again in some minutes" if enabled else subject.deploy,
        )
