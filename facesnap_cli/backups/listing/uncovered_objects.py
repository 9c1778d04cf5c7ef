"""Find the objects of a plan's accounts that no item of the plan backs up."""

from __future__ import annotations

from facesnap_cli.backups.listing.account_survey import AccountSurvey
from facesnap_cli.backups.plans.backup_methods import source_of_item
from facesnap_cli.backups.plans.plan import Plan
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.dependencies import Dependencies

_MOST_NAMED = 3


def uncovered_objects(dependencies: Dependencies, plan: Plan) -> list[str]:
    """Return a sentence for each source account with objects that no item covers. Copies that facesnap made count not.

    An account that cannot be asked is left out: its items have said so.
    """
    survey, said = AccountSurvey(dependencies.journal), list[str]()
    accounts = dict[str | None, set[tuple[ObjectType, str]]]()
    for item in plan.items:
        accounts.setdefault(item.source, set()).add((item.object_type, item.object_id))
    for profile, covered in accounts.items():
        try:
            account = source_of_item(dependencies, plan, next(item for item in plan.items if item.source == profile))
            resource = dependencies.known_resource(account)
            found = [
                (kind, name)
                for kind in ObjectType
                for name in survey.names(account, kind)
                if (kind, name) not in covered
            ]
        except FacesnapError:
            continue
        copies = {
            (record.source.object_type, record.place)
            for kind in ObjectType
            for record in survey.records(kind.value)
            if record.target_resource and record.target_resource.compare(resource).is_possible
        }
        left = [f"{name} ({kind.value})" for kind, name in found if (kind.value, name) not in copies]
        if left:
            more = f" and {len(left) - _MOST_NAMED} more" if len(left) > _MOST_NAMED else ""
            objects = f"{len(left)} object{'s' if len(left) > 1 else ''}"
            said.append(
                f"{account.profile or 'the account'} has {objects} that no item covers:"
                f" {', '.join(left[:_MOST_NAMED])}{more}"
            )
    return said
