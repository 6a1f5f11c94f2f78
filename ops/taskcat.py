"""`make taskcat`: before taskcat deploys, put the agent's zip into each of its regions.

A runtime takes its code from a bucket of its own region, so that the name of the bucket differs
import click
from ops import options
from region to region; taskcat fills the region in.
"""

import os
import sys

import click
import yaml

from ops import bundle
from ops.outputs import ROOT

CONFIG = ROOT / ".taskcat.yml"
OVERRIDES = ROOT / ".taskcat_overrides.yml"


def regions(config: str) -> list[str]:
    """Every region that a .taskcat.yml names, for the project or for one of its tests."""
    document = yaml.safe_load(config)
    named = [document["project"], *document["tests"].values()]
    return sorted({region for each in named for region in each.get("regions", [])})


def overrides(places: dict[str, tuple[str, str]]) -> str:
    """The parameters that name the zip, as taskcat reads them; `places` has bucket and key by
    region. Exits with a sentence when the buckets' names have not their region in common."""
    names = {
        bucket.replace(region, "$[taskcat_current_region]")
        for region, (bucket, _) in places.items()
    }
    if len(names) != 1 or "$[" not in min(names):
        sys.exit(
            "taskcat deploys to several regions, and a runtime takes its code from its own: take "
            "AgentCodeBucket out of samconfig.toml, and each region gets a bucket."
        )
    ((_, key), *_) = places.values()
    return yaml.safe_dump({"AgentCodeBucket": names.pop(), "AgentCodeKey": key})


@click.command
def main() -> None:
    """The agent's zip in each region of .taskcat.yml, and the file that tells taskcat of them."""
    made = bundle.build()
    # `make deploy` goes to one region, and goes on finding its own.
    before = bundle.CODE.read_text() if bundle.CODE.exists() else None
    places = {}
    try:
        for region in regions(CONFIG.read_text()):
            os.environ["AWS_REGION"] = region
            places[region] = bundle.upload(made)
    finally:
        if before is not None:
            bundle.CODE.write_text(before)
    OVERRIDES.write_text(overrides(places))
