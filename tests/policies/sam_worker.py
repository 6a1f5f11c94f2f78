"""Answers policies.sam; runs with the Python of the SAM CLI's environment."""

import json
import logging
import sys
import warnings

logging.disable()  # the translator speaks of its own flags and metrics
warnings.simplefilter("ignore")

from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402


class NoManagedPolicies:
    """Names of managed policies are looked up in IAM; this template needs none."""

    def load(self) -> dict[str, str]:
        """What the account knows: nothing."""
        return {}


for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = transform(question["template"], question["parameters"], NoManagedPolicies())
    except InvalidDocumentException as error:
        answer = {"Refused": "; ".join(cause.message for cause in error.causes)}
    print(json.dumps(answer), flush=True)
