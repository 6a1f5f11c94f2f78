"""Where MiniStack lets pass what AWS refuses, or lacks what AWS has, for types that it knows."""

import schemas
from ministack.services import iam
from ministack.services.cloudformation import _stacks, handlers, helpers, provisioners, stacks

create = provisioners._provision_resource
update = provisioners._update_resource
delete_role = provisioners._iam_role_delete
pool_attributes = provisioners._cognito_user_pool_attributes
create_change_set = handlers._create_change_set


def install():
    """Put this module's functions in the place of MiniStack's."""
    # stacks.py took both names with `from ... import`, so they are replaced where they are used.
    stacks._provision_resource = create_checked
    stacks._update_resource = update_checked
    provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]["delete"] = delete_role_checked
    provisioners._cognito_user_pool_attributes = all_pool_attributes
    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_change_set_checked


def create_checked(resource_type, logical_id, properties, stack_name):
    """Create a resource whose properties fit the type's schema."""
    schemas.check(resource_type, logical_id, properties)
    return create(resource_type, logical_id, properties, stack_name)


def update_checked(resource_type, physical_id, old, new, stack_name, logical_id=None, attrs=None):
    """Update a resource whose new properties fit the type's schema."""
    schemas.check(resource_type, logical_id, new)
    return update(resource_type, physical_id, old, new, stack_name, logical_id, attrs)


def delete_role_checked(name, properties):
    """Delete a role that nobody attached a policy to but its stack (DeleteRole, IAM reference)."""
    attached = set(iam._roles.get(name, {}).get("AttachedPolicies", []))
    if attached - set(properties.get("ManagedPolicyArns", [])):
        raise ValueError("Cannot delete entity, must detach all policies first.")
    delete_role(name, properties)


def all_pool_attributes(pool_id):
    """A user pool's attributes, with ProviderURL ("Return values", CloudFormation's reference)."""
    found = pool_attributes(pool_id)
    return {**found, "ProviderURL": f"https://{found['ProviderName']}"}


def create_change_set_checked(params):
    """Make a change set, but not for a stack whose first deployment was rolled back ("Stack status
    codes", CloudFormation user guide)."""
    found = _stacks.get(helpers._p(params, "StackName")) or {}
    if found.get("StackStatus") == "ROLLBACK_COMPLETE":
        message = f"Stack:{found['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
        return helpers._error("ValidationError", message)
    return create_change_set(params)
