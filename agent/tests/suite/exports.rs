//! Every format read back: what its readers rely on.

use serde_json::{Value, json};
use swemill_agent::export::swe_smith::Style;
use swemill_agent::export::{atif, mini, predictions, swe_agent, swe_smith};
use swemill_agent::{Action, Completion, Dialect, Trajectory, Unobserved};

use crate::support::{Repository, answers, bash, replace, scripted, task};

/// A repair with a malformed answer on its way.
pub(crate) async fn recorded(dialect: Dialect) -> Trajectory {
    let nonsense = Completion {
        content: "Hmm, ünsure.".to_owned(),
        ..Completion::default()
    };
    let actions = if dialect.is_mini() {
        vec![
            bash("sed -i 's/price + count/price * count/' shop/price.py"),
            bash("git diff -- shop/price.py > patch.txt"),
            bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt"),
        ]
    } else {
        vec![
            replace("price + count", "price * count"),
            bash("python3 test_price.py"),
            Action::Submit,
            Action::Submit,
        ]
    };
    let mut script = answers(dialect, &actions);
    script.insert(1, nonsense);
    let agent = scripted(dialect, script);
    let repository = Repository::new();
    let place = repository.place().await;
    agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_trajectory_comes_back_from_json_as_it_was() {
    let trajectory = recorded(Dialect::SweAgentXml).await;
    let trained = trajectory.loss_spans().into_iter();
    let trained: Vec<usize> = trained.map(|span| span.message).collect();
    assert_eq!(trained, [2, 6, 8, 10], "the malformed answer is message 4");
    let text = serde_json::to_string(&trajectory).unwrap();
    assert_eq!(
        serde_json::from_str::<Trajectory>(&text).unwrap(),
        trajectory
    );
}

#[tokio::test]
async fn swe_agents_form_has_a_query_a_step_and_the_patch() {
    let trajectory = recorded(Dialect::SweAgentFunctionCalling).await;
    let document = swe_agent::trajectory(&trajectory);
    let steps = document["trajectory"].as_array().unwrap();
    assert_eq!(steps.len(), trajectory.steps.len());
    assert_eq!(steps[0]["query"].as_array().unwrap().len(), 2);
    let (last, before) = (&steps[4]["query"], &steps[3]["query"]);
    assert_eq!(
        last.as_array().unwrap()[..before.as_array().unwrap().len()],
        before.as_array().unwrap()[..]
    );
    assert_eq!(
        steps[0]["action"],
        "str_replace_editor str_replace /testbed/shop/price.py --old_str 'price + count' --new_str 'price * count'"
    );
    assert_eq!(steps[4]["observation"], json!(trajectory.patch.text));
    assert_eq!(document["info"]["exit_status"], "submitted");
    assert_eq!(document["info"]["submission"], json!(trajectory.patch.text));
    assert_eq!(document["info"]["model_stats"]["api_calls"], 5);
    let replay: Value = serde_json::from_str(document["replay_config"].as_str().unwrap()).unwrap();
    assert_eq!(replay["problem_statement"]["id"], "shop.add__1");
    let history = document["history"].as_array().unwrap();
    assert!(
        history
            .iter()
            .filter(|item| item["role"] == "tool")
            .all(
                |item| item["content"][0]["type"] == "text" && item["tool_call_ids"][0].is_string()
            )
    );
}

#[tokio::test]
async fn minis_form_ends_with_an_exit_message() {
    let trajectory = recorded(Dialect::MiniToolCalls).await;
    let document = mini::trajectory(&trajectory);
    assert_eq!(document["trajectory_format"], "mini-swe-agent-1.1");
    let messages = document["messages"].as_array().unwrap();
    let last = messages.last().unwrap();
    assert_eq!(
        (&last["role"], &last["extra"]["exit_status"]),
        (&json!("exit"), &json!("Submitted"))
    );
    assert_eq!(last["extra"]["submission"], json!(trajectory.model_patch()));
    assert_eq!(
        messages[2]["extra"]["actions"][0]["tool_call_id"],
        messages[3]["tool_call_id"]
    );
    assert_eq!(messages[3]["extra"]["returncode"], 0);
    assert_eq!(messages[4]["extra"]["interrupt_type"], "FormatError");
}

#[tokio::test]
async fn swe_smiths_rows_have_each_style_and_train_on_understood_answers_alone() {
    let trajectory = recorded(Dialect::SweAgentFunctionCalling).await;
    for style in [Style::Tool, Style::Xml, Style::Ticks] {
        let row = swe_smith::row(&trajectory, style, "a");
        let edit = &row.messages[2];
        let content = edit["content"].as_str().unwrap();
        match style {
            Style::Tool => assert_eq!(
                edit["tool_calls"][0]["function"]["name"],
                "str_replace_editor"
            ),
            Style::Xml => assert_eq!(
                content,
                "Step 0.\n\n<function=str_replace_editor>\n<parameter=command>str_replace</parameter>\n<parameter=path>/testbed/shop/price.py</parameter>\n<parameter=old_str>\nprice + count\n</parameter>\n<parameter=new_str>\nprice * count\n</parameter>\n</function>"
            ),
            Style::Ticks => assert_eq!(
                content,
                "Step 0.\n\n```\nstr_replace_editor str_replace /testbed/shop/price.py --old_str 'price + count' --new_str 'price * count'\n```"
            ),
        }
        let roles: Vec<&str> = row
            .messages
            .iter()
            .map(|message| message["role"].as_str().unwrap())
            .collect();
        assert_eq!(roles.contains(&"tool"), style == Style::Tool);
        let trained: Vec<usize> = row.loss_spans.iter().map(|span| span.message).collect();
        assert_eq!(trained, [2, 6, 8, 10], "the malformed answer is message 4");
        for span in &row.loss_spans {
            let content = row.messages[span.message]["content"].as_str().unwrap();
            assert_eq!((span.start, span.end), (0, content.chars().count()));
        }
        assert_eq!((row.policy.as_str(), row.resolved), ("replay", None));
        let text = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<swe_smith::Row>(&text).unwrap(), row);
    }
    assert_eq!(
        swe_smith::tool_schemas(&trajectory)
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn what_is_trained_on_is_what_the_model_of_that_style_would_say() {
    let dialect = Dialect::SweAgentXml;
    let trajectory = recorded(dialect).await;
    let row = swe_smith::row(&trajectory, Style::Xml, "a");
    let said: Vec<&str> = trajectory
        .steps
        .iter()
        .map(|step| step.completion.content.as_str())
        .collect();
    let trained: Vec<&str> = row
        .messages
        .iter()
        .filter(|message| message["role"] == "assistant")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(trained, said);
}

#[tokio::test]
async fn atif_numbers_its_steps_and_joins_results_with_calls() {
    let trajectory = recorded(Dialect::SweAgentXml).await;
    let document = atif::trajectory(&trajectory, "attempt-1");
    assert_eq!(document["schema_version"], "ATIF-v1.7");
    let steps = document["steps"].as_array().unwrap();
    let numbers: Vec<u64> = steps
        .iter()
        .map(|step| step["step_id"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=steps.len() as u64).collect::<Vec<_>>());
    assert_eq!(
        steps[2]["tool_calls"][0]["tool_call_id"],
        steps[2]["observation"]["results"][0]["source_call_id"]
    );
    assert_eq!(document["final_metrics"]["total_steps"], json!(steps.len()));
    assert_eq!(document["agent"]["extra"]["policy"], "replay");
}

#[tokio::test]
async fn predictions_are_read_by_instance_and_by_line_and_name_who_made_them() {
    let trajectory = recorded(Dialect::MiniFenced).await;
    let document: Value =
        serde_json::from_str(&predictions::json(std::slice::from_ref(&trajectory))).unwrap();
    let prediction = &document["shop.add__1"];
    assert_eq!(prediction["model_patch"], json!(trajectory.model_patch()));
    assert_eq!(prediction["model_name_or_path"], "policy=replay:script");
    let lines = predictions::json_lines(std::slice::from_ref(&trajectory));
    assert_eq!(
        serde_json::from_str::<Value>(lines.trim()).unwrap(),
        *prediction
    );
}
