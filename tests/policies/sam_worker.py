"""Answers policies.sam; runs with the Python of the SAM CLI's environment."""

import functools
import json
import logging
import sys
import warnings

logging.disable()  # the translator speaks of its own flags and metrics
warnings.simplefilter("ignore")

import boto3.session  # noqa: E402
from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.translator import translator  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

# Both are the same for every template, and half of an answer's time: a session that is asked for
# its region, and the check of SAM's own policy templates.
boto3.session.Session = functools.cache(boto3.session.Session)
translator.make_policy_template_for_function_plugin = functools.cache(
    translator.make_policy_template_for_function_plugin
)


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
