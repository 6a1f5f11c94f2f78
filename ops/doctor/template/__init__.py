"""What a template file says, without AWS: the mistakes that linters do not see."""

from ops.doctor.template import api, runtime, sign_in
from ops.doctor.template.subject import TEMPLATE, TemplateFile, deploy_parameters

__all__ = ["TEMPLATE", "TemplateFile", "api", "deploy_parameters", "runtime", "sign_in"]
