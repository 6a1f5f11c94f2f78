"""AWS::Cognito::ManagedLoginBranding, and the two API actions that read one."""

import uuid

from ministack.core.responses import AccountRegionScopedDict, error_response_json, json_response
from ministack.services import cognito

brandings = AccountRegionScopedDict()  # ManagedLoginBrandingId -> the record that the API returns


def create(_logical_id, properties, _stack_name):
    """CreateManagedLoginBranding. A client has one at most, and its pool a domain first."""
    pool = cognito._user_pools.get(properties["UserPoolId"])
    client = properties.get("ClientId")
    if pool is None or client not in pool["_clients"]:
        raise ValueError(f"User pool client {client} does not exist.")
    if properties["UserPoolId"] not in cognito._pool_domain_map.values():
        raise ValueError("Managed login needs a domain in the user pool.")
    if any(record["ClientId"] == client for record in brandings.values()):
        raise ValueError(f"A managed login branding for client {client} already exists.")
    identity = str(uuid.uuid4())
    brandings[identity] = record(identity, properties)
    return f"{properties['UserPoolId']}|{identity}", {"ManagedLoginBrandingId": identity}


def update(physical_id, old, new, stack_name):
    """UpdateManagedLoginBranding; another pool or client makes another branding."""
    if any(old.get(key) != new.get(key) for key in ("UserPoolId", "ClientId")):
        return create(None, new, stack_name)
    identity = physical_id.split("|")[1]
    brandings[identity] = record(identity, new)
    return physical_id, {"ManagedLoginBrandingId": identity}


def delete(physical_id, _properties):
    """DeleteManagedLoginBranding."""
    brandings.pop(physical_id.split("|")[1], None)


def record(identity, properties):
    """What the API keeps of a branding."""
    return {
        "ManagedLoginBrandingId": identity,
        "UserPoolId": properties["UserPoolId"],
        "ClientId": properties["ClientId"],
        "UseCognitoProvidedValues": properties.get("UseCognitoProvidedValues", False),
        "Settings": properties.get("Settings", {}),
        "Assets": properties.get("Assets", []),
    }


async def dispatch(action, data):
    """Cognito's actions, with the two that MiniStack lacks."""
    if action == "DescribeManagedLoginBrandingByClient":
        found = [r for r in brandings.values() if r["ClientId"] == data["ClientId"]]
    elif action == "DeleteManagedLoginBranding":
        found = [brandings.pop(data["ManagedLoginBrandingId"], None)]
    else:
        return await known_actions(action, data)
    if not found or found[0] is None:
        return error_response_json(
            "ResourceNotFoundException", "Managed login branding not found.", 400
        )
    answer = {k: v for k, v in found[0].items() if k != "ClientId"}
    return json_response({"ManagedLoginBranding": answer} if "Describe" in action else {})


known_actions = cognito._dispatch_idp


def install():
    """Let Cognito's API answer for brandings."""
    cognito._dispatch_idp = dispatch


HANDLER = {"create": create, "update": update, "delete": delete}
