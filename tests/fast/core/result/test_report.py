"""What a script reads of a run."""

import json

from bootstrap.core.model.finding import Status
from bootstrap.core.model.gate import GateStatus
from bootstrap.core.result.report import Report
from bootstrap.errors import Exit, KbootError
from tests.helpers.deciding.results import blocked, found, gates


def test_a_report_is_one_json_document_that_names_its_schema_and_its_exit() -> None:
    report = Report(
        "plan",
        findings=(found(Status.UNKNOWN, blocks=Exit.HOST_UNFIT), found(Status.OK)),
        plan=blocked(Exit.HOST_UNFIT),
        gates=gates(GateStatus.UNKNOWN),
        exit_code=Exit.HOST_UNFIT,
        error=KbootError(Exit.HOST_UNFIT, "what", why="why", state="state", next="next"),
    )
    read = json.loads(json.dumps(report.as_dict()))
    assert (read["schema"], read["exit_code"], read["exit_id"]) == (1, 60, "host-unfit")
    assert [each["blocks"] for each in read["findings"]] == ["host-unfit", None]
    assert [each["status"] for each in read["findings"]] == ["unknown", "ok"]
    assert read["plan"]["steps"][0]["verb"] == "stop"
    assert read["gates"][-1]["status"] == "unknown"
    assert {"what", "why", "state", "next"} <= read["error"].keys()
