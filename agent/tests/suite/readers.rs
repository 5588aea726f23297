//! The exports in the hands of the published readers.

use std::path::Path;
use std::process::Command;

use swemill_agent::Dialect;
use swemill_agent::export::swe_smith::Style;
use swemill_agent::export::{atif, mini, predictions, swe_agent, swe_smith};

use crate::exports::recorded;
use crate::python::{python, satisfied};

#[tokio::test]
async fn published_readers_read_every_export() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    let trajectory = recorded(Dialect::MiniToolCalls).await;
    write("mini.traj.json", mini::trajectory(&trajectory).to_string());
    write(
        "mini.tools.json",
        swe_smith::tool_schemas(&trajectory).to_string(),
    );
    let trajectory = recorded(Dialect::SweAgentFunctionCalling).await;
    write("swe.traj", swe_agent::trajectory(&trajectory).to_string());
    write("atif.json", atif::trajectory(&trajectory, "a").to_string());
    let all = std::slice::from_ref(&trajectory);
    write("preds.json", predictions::json(all));
    write("predictions.jsonl", predictions::json_lines(all));
    for (style, name) in [
        (Style::Tool, "tool"),
        (Style::Xml, "xml"),
        (Style::Ticks, "ticks"),
    ] {
        let row = swe_smith::row(&trajectory, style, "a");
        write(
            &format!("{name}.jsonl"),
            serde_json::to_string(&row).unwrap() + "\n",
        );
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers/read.py");
    let mut command = Command::new(python);
    let said = satisfied(command.arg(script).arg(folder.path()));
    assert_eq!(
        said.lines().filter(|line| line.contains('_')).count(),
        5,
        "{said}"
    );
}
