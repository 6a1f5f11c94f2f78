"""What AWS says about a deployed stack."""

from ops.doctor.deployed import api, runtime, sign_in, site, watch
from ops.doctor.deployed.subject import DEPLOYED, DeployedStack

__all__ = ["DEPLOYED", "DeployedStack", "api", "runtime", "sign_in", "site", "watch"]
