//! The exports in the hands of the published readers.

use std::path::Path;
use std::process::Command;

use swemill_agent::Dialect;
use swemill_agent::export::swe_smith::Style;
use swemill_agent::export::{atif, mini, predictions, swe_agent, swe_smith};

use crate::exports::recorded;

#[tokio::test]
#[ignore = "needs SWEMILL_READERS_PYTHON, a Python with mini-swe-agent, swebench and datasets"]
async fn published_readers_read_every_export() {
    let python = std::env::var_os("SWEMILL_READERS_PYTHON").expect("it names a Python");
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
    let output = Command::new(python)
        .arg(script)
        .arg(folder.path())
        .env("HF_HUB_OFFLINE", "1")
        .output()
        .unwrap();
    let (said, errors) = (output.stdout, output.stderr);
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&errors)
    );
    assert_eq!(
        said.lines().filter(|line| line.contains('_')).count(),
        5,
        "{said}"
    );
}
