"""Regions in which the template cannot be deployed, by the resource types that CloudFormation has in each."""

import re

from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from tests.support.template_file import PROJECT, template

# What SAM makes of its own types.
FROM_SAM = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Events::Rule",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
}
TYPES = FROM_SAM | {
    body["Type"] for body in template()["Resources"].values() if not body["Type"].startswith("AWS::Serverless::")
}


def test_the_readme_names_the_regions_without_a_type_of_the_template() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    (sentence,) = re.findall(r"- \*\*Region\*\*:(.*?)\n- ", readme, re.DOTALL)
    lacking = {region for region in REGIONS if TYPES - set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))}
    assert set(re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", sentence)) == lacking
