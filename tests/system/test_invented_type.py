"""A new type of request is one file: an invented one goes from form to wire, answer and evidence in a copy of the program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.fixtures.processes import ROOT

INVENTED = """code = "LAB-TEST"
opens = "case"
group = "advice"
title = "Test a device in a laboratory"
summary = "Invented for a test: ask a State's laboratory to test one device."
article = "41(3)(a)"
source_tag = "D"
checked = false

[signers]
U2 = "one"
U3 = "one"

[[fields]]
use = "authority"
[[fields]]
name = "device"
type = "group"
label = "Device"
required = "required"
[[fields.fields]]
name = "kind"
type = "text"
label = "Kind"
required = "required"
[[fields.fields]]
name = "serial"
type = "text"
label = "Serial number"
required = "required"
[[fields]]
name = "wanted_on"
type = "date"
label = "Wanted on"
required = "optional"

[[answers]]
code = "ACKNOWLEDGED"
[[answers]]
code = "ACK-DEGRADED"
[[answers]]
code = "NEED-INFO"
[[answers]]
code = "INFO"
[[answers]]
code = "TESTED"
title = "Tested"
by = "addressee"
signers = "one"
decides = true
stage = "final"
citation = "41(3)(a)"
source_tag = "D"
[[answers.fields]]
name = "result"
type = "long-text"
label = "Result of the test"
required = "required"

[[clocks]]
code = "LAB-30"
label = "The laboratory keeps the device until"
starts = "answer:ACKNOWLEDGED"
days = 30
article = "41(3)(a)"
source_tag = "D"
"""


def test_an_invented_type_is_one_file_and_goes_from_form_to_evidence(tmp_path: Path) -> None:
    copy = tmp_path / "program"
    for package in ("contactpoint", "directory", "keys"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "contactpoint" / "domain" / "catalogue" / "v1" / "lab-test.toml").write_text(INVENTED, encoding="utf-8")
    shutil.copytree(ROOT / "tests", copy / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    story = copy / "tests" / "system" / "invented_type_story.py"
    told = subprocess.run(
        [sys.executable, str(story), str(copy), str(tmp_path / "network")],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
