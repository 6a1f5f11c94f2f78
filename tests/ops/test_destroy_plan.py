"""What `make destroy` empties and deletes of a stack that holds resources of an adopter's."""

from ops.destroy import BUCKET, POOL, buckets_to_empty, is_data
from ops.stacks import Resource

HELD = [
    Resource("SiteBucket", BUCKET, "site", stays=False),
    Resource("ConversationsBucket", BUCKET, "conversations", stays=True),
    Resource("Uploads", BUCKET, "uploads", stays=False),
    Resource("Archive", BUCKET, "archive", stays=True),
    Resource("UserPool", POOL, "pool", stays=True),
    Resource("PartnerPool", POOL, "partners", stays=True),
]


def test_a_bucket_of_an_adopters_is_emptied_only_with_its_data() -> None:
    assert [each.name for each in buckets_to_empty(HELD, with_data=False)] == ["SiteBucket"]
    assert [each.name for each in buckets_to_empty(HELD, with_data=True)] == [
        "SiteBucket",
        "Uploads",
    ]


def test_what_an_adopter_retains_stays_whatever_is_asked() -> None:
    assert [each.name for each in HELD if each.stays and is_data(each)] == [
        "ConversationsBucket",
        "UserPool",
    ]
