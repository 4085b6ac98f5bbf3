"""`python -m tools.template_checks FOLDER` writes the templates as CloudFormation processes them.

Checkov knows neither SAM's transform nor `Fn::ForEach`: of such a template it checks few resources
or none, and is content.
"""

import json
import sys
from pathlib import Path

from tools.template_checks import sam_transform, templates


def write(folder: Path) -> None:
    """Write each template into the folder, as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    deployed = sam_transform.transformed(sam_transform.packaged(templates.load("template.yaml")))
    (folder / "template.json").write_text(json.dumps(deployed, indent=1), "utf-8")
    for file in sorted((templates.PROJECT / "deploy").glob("*.yaml")):
        template = templates.load(f"deploy/{file.name}")
        template["Resources"] = dict(templates.expanded(template["Resources"]))
        (folder / f"{file.stem}.json").write_text(json.dumps(template, indent=1), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
